"""Keep the shipping process running: one that crashes, or takes too much memory, is started again in its container.

A container that ends makes its pod not ready until the kubelet has started it again. This process is small, does not
import pyarrow, and stays.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from time import monotonic
from types import FrameType

from model.control_groups import memory_limit
from model.prediction_log.log_lines import log_line

REFUSED, INTERRUPTED = 2, 130
"""Exit codes of a process that would not fare better if it were started again."""
FORWARDED = (signal.SIGTERM, signal.SIGINT)
LOOK_SECONDS = 1.0
FIRST_WAIT, LONGEST_WAIT, SOUND_SECONDS = 0.5, 30.0, 60.0
"""Each wait is twice the one before, until a process has run soundly for so long."""
LARGEST_SHARE = 0.85
"""Of the container's memory: at its limit the kernel ends every process of the container."""


class Supervisor:
    """Run a command until it ends after a signal, or refuses to run."""

    def __init__(self, command: Sequence[str], most_bytes: int | None) -> None:
        self._command, self._most_bytes = command, most_bytes
        self._child: subprocess.Popen[bytes] | None = None
        self._stop = Event()

    def run(self) -> int:
        """Return the exit code of the command's last run."""
        for number in FORWARDED:
            signal.signal(number, self._forward)
        wait, last = FIRST_WAIT, False
        while True:
            last = last or self._stop.is_set()
            started = monotonic()
            reason, code = self._run_once()
            if code in (REFUSED, INTERRUPTED) or (code == 0 and self._stop.is_set()):
                return code
            if last:
                # It was started to ship what is left, and could not even do that.
                return 1
            if monotonic() - started > SOUND_SECONDS:
                wait = FIRST_WAIT
            log_line("error", "prediction_log_shipper_restarts", reason=reason, wait_seconds=wait)
            self._stop.wait(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    def _run_once(self) -> tuple[str, int]:
        """Run the command to its end, and return why that came and its exit code."""
        # A signal that comes meanwhile waits. The command inherits the mask, and takes signals once it has a handler.
        signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)
        # The end of its standard input tells it that this process is gone.
        with subprocess.Popen(self._command, stdin=subprocess.PIPE) as child:  # noqa: S603 - a command of ours
            self._child = child
            signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
            if self._stop.is_set():
                child.send_signal(signal.SIGTERM)
            reason = ""
            while (code := _exit_code(child)) is None:
                if self._most_bytes is not None and _resident_bytes(child.pid) > self._most_bytes:
                    reason = f"took more than {self._most_bytes >> 20} MiB"
                    child.kill()
        return reason or _why(code), code

    def _forward(self, number: int, _: FrameType | None) -> None:
        self._stop.set()
        if self._child is not None:
            self._child.send_signal(number)


def _exit_code(child: subprocess.Popen[bytes]) -> int | None:
    """Return the exit code of a process, or None if it does not end within a moment."""
    try:
        return child.wait(LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def _why(code: int) -> str:
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _resident_bytes(pid: int) -> int:
    """Return how much memory a process holds; none if it has just ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def most_bytes() -> int | None:
    """Return how much memory the shipping process may take, or None where the container has no limit."""
    limit = memory_limit()
    return None if limit is None else int(limit * LARGEST_SHARE)

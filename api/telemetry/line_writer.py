"""Lines for a file, a terminal or a pipe: each is written whole, and none waits long for a reader."""

from __future__ import annotations

import os
from contextlib import suppress
from select import PIPE_BUF, POLLOUT, poll
from stat import S_ISREG
from time import monotonic
from typing import TextIO

MAX_WAIT_SECONDS = 0.1
"""How long a line may wait for a reader; while one does not read, the next lines do not wait at all."""


class LineWriter:
    """Write lines; the caller holds a lock."""

    def __init__(self) -> None:
        self._rest = b""
        """What remains of a line that was written in part: it precedes the next one."""
        self._stalled = False

    def write(self, stream: TextIO, line: bytes) -> bool:
        """Write a line, and return whether it was; one that was begun counts, for its rest is kept."""
        try:
            descriptor = stream.fileno()
        except (OSError, ValueError):  # a stream in memory, or a closed one
            return _write_text(stream, line.decode())
        end = monotonic() + (0.0 if self._stalled else MAX_WAIT_SECONDS)
        try:
            if self._rest:
                self._rest = self._rest[_write_bytes(descriptor, self._rest, end) :]
            written = 0 if self._rest else _write_bytes(descriptor, line, end)
        except OSError:
            return False
        self._stalled = bool(self._rest) or written < len(line)
        if written:
            self._rest = line[written:]
        return bool(written)


def _write_text(stream: TextIO, line: str) -> bool:
    with suppress(OSError, ValueError):
        stream.write(line)
        stream.flush()
        return True
    return False


def _write_bytes(descriptor: int, content: bytes, end: float) -> int:
    """Return how many bytes could be written until then.

    A file takes all at once. A pipe that has room takes PIPE_BUF bytes in one piece and without waiting.
    """
    size = len(content) if S_ISREG(os.fstat(descriptor).st_mode) else PIPE_BUF
    ready, written = poll(), 0
    ready.register(descriptor, POLLOUT)
    while written < len(content) and ready.poll(max(end - monotonic(), 0.0) * 1000):
        try:
            written += os.write(descriptor, content[written : written + size])
        except OSError:
            if not written:
                raise
            break
    return written

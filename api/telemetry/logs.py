"""JSON lines on standard error. A line never holds the value of a feature."""

from __future__ import annotations

import sys
from collections import deque
from datetime import UTC, datetime
from threading import Lock
from typing import Any, TextIO

import msgspec

from api.telemetry.buffers import take_items
from api.telemetry.line_writer import LineWriter

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
MAX_FIELD = 16 << 10
"""Characters of one field, such as a traceback; what is longer loses its middle."""
MAX_LINES = 1000
"""Lines that may wait for the thread that writes; with more, new ones are dropped."""


class Log:
    """Write events at or above a level, one line each; a line is written whole or dropped, and drops are counted."""

    def __init__(self, level: str = "info", stream: TextIO | None = None) -> None:
        self.level = LEVELS[level]
        self.dropped = 0
        """Lines that could not be written, such as those for a full disk or for a reader that does not read."""
        self._unreported = 0
        self._stream, self._lock = stream, Lock()
        self._lines: deque[bytes] = deque()
        self._writer = LineWriter()

    def enabled(self, level: str) -> bool:
        """Return whether lines of this level are written."""
        return LEVELS[level] >= self.level

    def write(self, level: str, event: str, **fields: Any) -> None:
        """Write one line."""
        if not self.enabled(level):
            return
        # Hundreds of threads may log at once. None waits for another: whichever finds the lock free writes for all.
        if len(self._lines) < MAX_LINES:
            self._lines.append(_line(level, event, fields))
        else:
            self._drop()
        while self._lines and self._lock.acquire(blocking=False):
            try:
                self._write_lines()
            finally:
                self._lock.release()

    def _write_lines(self) -> None:
        """Write the lines that are there. After a gap its report comes first.

        A log that cannot be written must neither fail a request nor keep it waiting.
        """
        for line in take_items(self._lines):
            if not (self._report_gap() and self._write(line)):
                self._drop()

    def _drop(self) -> None:
        self.dropped += 1
        self._unreported += 1

    def _report_gap(self) -> bool:
        """Return whether the lines that were dropped are reported."""
        if self._unreported and self._write(_line("warning", "log_lines_dropped", {"lines": self._unreported})):
            self._unreported = 0
        return not self._unreported

    def _write(self, line: bytes) -> bool:
        return self._writer.write(self._stream or sys.stderr, line)


def _line(level: str, event: str, fields: dict[str, Any]) -> bytes:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = {"time": now, "level": level, "event": event, **fields}
    try:
        content = msgspec.json.encode(line, enc_hook=str)
    except UnicodeEncodeError:  # half a character, as texts of foreign code may hold
        content = b""
    if len(content) > MAX_FIELD or not content:
        content = msgspec.json.encode({name: _bounded(value) for name, value in line.items()}, enc_hook=str)
    return content + b"\n"


def _bounded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.encode("utf-8", "replace").decode()
    half = MAX_FIELD // 2
    return text if len(text) <= MAX_FIELD else f"{text[:half]} … {text[-half:]}"

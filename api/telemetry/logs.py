"""JSON lines on standard error. A line never holds the value of a feature."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Log:
    """Write events at or above a level, one line each."""

    def __init__(self, level: str = "info", stream: TextIO | None = None) -> None:
        self.level = LEVELS[level]
        self._stream = stream

    def enabled(self, level: str) -> bool:
        """Return whether lines of this level are written."""
        return LEVELS[level] >= self.level

    def write(self, level: str, event: str, **fields: Any) -> None:
        """Write one line."""
        if self.enabled(level):
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            line = {"time": now, "level": level, "event": event, **fields}
            # A log that cannot be written, such as one on a full disk, must not fail the request.
            with suppress(OSError, ValueError):
                print(msgspec.json.encode(line).decode(), file=self._stream or sys.stderr, flush=True)

"""JSON lines on standard error: one for each request worth one, never a feature's value."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Log:
    """Write what happened, a line each."""

    def __init__(self, level: str = "info", stream: TextIO | None = None) -> None:
        self.level = LEVELS[level]
        self._stream = stream

    def enabled(self, level: str) -> bool:
        """Tell whether lines of this level are written."""
        return LEVELS[level] >= self.level

    def write(self, level: str, event: str, **facts: Any) -> None:
        """Write one line."""
        if self.enabled(level):
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            line = {"time": now, "level": level, "event": event, **facts}
            # A log that cannot be written, such as one on a full disk, is no reason not to answer.
            with suppress(OSError, ValueError):
                print(msgspec.json.encode(line).decode(), file=self._stream or sys.stderr, flush=True)

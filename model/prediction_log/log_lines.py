"""Lines of the shipper's log."""

from __future__ import annotations

import sys
from contextlib import suppress

import msgspec


def log_line(level: str, event: str, **facts: object) -> None:
    """Write one JSON line to standard error, as the service does."""
    with suppress(OSError):
        sys.stderr.buffer.write(msgspec.json.encode({"level": level, "event": event, **facts}) + b"\n")
        sys.stderr.buffer.flush()

"""Names of a request: its id, and the trace that it belongs to."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

ID_HEADER, TRACE_HEADER = "HTTP_X_REQUEST_ID", "HTTP_TRACEPARENT"
# There is no version ff, and nothing follows in version 00.
_TRACEPARENT = re.compile(
    r"(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.{0,64})?"
)


def new_prefix() -> str:
    """Return the beginning of all ids that this process makes, which no other process has."""
    return f"{secrets.token_hex(6)}-"


def accepted_id(text: str) -> str | None:
    """Return a caller's request id if it is short and printable."""
    return text if 0 < len(text) <= 128 and text.isascii() and text.isprintable() else None


def trace_id_of(environ: Mapping[str, Any]) -> str | None:
    """Return the trace id of the W3C's traceparent header, if it is valid."""
    match = _TRACEPARENT.fullmatch(environ.get(TRACE_HEADER, ""))
    return match[1] if match else None

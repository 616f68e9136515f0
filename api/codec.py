"""JSON in and out. What goes out is always valid: NaN and infinities become null."""

from __future__ import annotations

from typing import Any

import msgspec

from api.errors import ApiError

_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


def decode(body: bytes) -> Any:
    """Return the parsed body, or raise what a dialect says of a body that is not JSON."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        text = "the body is empty" if not body else f"the body is not JSON: {error}"
        raise ApiError(400, "malformed", text) from None


encode = _encoder.encode

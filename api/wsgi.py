"""What WSGI leaves to an application: status lines and compressed bodies."""

from __future__ import annotations

import zlib
from http import HTTPStatus

from api.errors import ApiError

STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """Return a compressed body as it was, but never more than the limit of it."""
    window = _WINDOW.get(encoding.strip().lower())
    if window is None:
        raise ApiError(415, "encoding", f"Content-Encoding {encoding[:40]!r} is not taken; gzip and deflate are")
    stream = zlib.decompressobj(window)
    try:
        content = stream.decompress(body, limit + 1)
    except zlib.error:
        raise ApiError(400, "malformed", f"the body is not {encoding.strip().lower()}") from None
    if len(content) > limit:
        raise too_large(limit)
    if not stream.eof:
        raise ApiError(400, "malformed", "the compressed body ends too early")
    return content


def too_large(limit: int) -> ApiError:
    """Say what the limit is."""
    return ApiError(413, "too_large", f"the body is larger than the {limit} bytes taken at once")

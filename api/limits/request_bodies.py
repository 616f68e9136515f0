"""The one reader of request bodies, with the limits on their size and number.

A body is read in the thread that answers the request. Which threads are reading at this moment is recorded, so that
slow_bodies can close the connections of senders that hold threads for too long.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import BoundedSemaphore, get_ident
from time import monotonic
from typing import Any

from api.errors import ApiError

LARGE_BODY = 1 << 18
MAX_LARGE_BODIES = 2
"""Each may grow to twenty times its size while it is parsed, and to fifty if it was made for that."""
LARGE_BODY_WAIT_SECONDS = 5.0
_ZLIB_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}

Reading = tuple[float, str]
"""Since when a thread reads a body, and from which address."""


class RequestBodies:
    """Read request bodies."""

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._reading: dict[int, Reading] = {}
        self._large = BoundedSemaphore(MAX_LARGE_BODIES)

    def read_exactly(self, environ: Mapping[str, Any], size: int) -> bytes:
        """Return a body of known size."""
        # A try block and not a context manager: this is the hot path, and a generator costs half a microsecond.
        thread = get_ident()
        self._reading[thread] = monotonic(), environ.get("REMOTE_ADDR", "")
        try:
            body: bytes = environ["wsgi.input"].read(size)
        finally:
            del self._reading[thread]
        if len(body) < size:
            raise ApiError(400, "incomplete", f"the body ended before its {size} bytes were received")
        return body

    def read(self, environ: Mapping[str, Any]) -> bytes:
        """Return a body of any length, chunked or compressed."""
        size = content_length(environ)
        if size is None:
            # Without a length, only a server that marks the end of the body can be read from.
            body = self._read_to_end(environ) if environ.get("wsgi.input_terminated") else b""
        elif size > self._max_size:
            raise too_large(self._max_size)
        else:
            body = self.read_exactly(environ, size)
        encoding = environ.get("HTTP_CONTENT_ENCODING", "identity")
        return body if encoding.lower() == "identity" else decompress(body, encoding, self._max_size)

    def _read_to_end(self, environ: Mapping[str, Any]) -> bytes:
        thread = get_ident()
        self._reading[thread] = monotonic(), environ.get("REMOTE_ADDR", "")
        try:
            body: bytes = environ["wsgi.input"].read(self._max_size + 1)
        finally:
            del self._reading[thread]
        if len(body) > self._max_size:
            raise too_large(self._max_size)
        return body

    @contextmanager
    def slot(self, environ: Mapping[str, Any]) -> Iterator[None]:
        """Wait, if the body may be large, until few enough large ones are in memory."""
        if not _may_be_large(environ):
            yield
            return
        if not self._large.acquire(timeout=LARGE_BODY_WAIT_SECONDS):
            raise ApiError(503, "busy", f"{MAX_LARGE_BODIES} large bodies are being answered already; try again")
        try:
            yield
        finally:
            self._large.release()

    def being_read(self) -> list[Reading]:
        """Return the bodies that are being read now, the oldest first."""
        return sorted(self._reading.copy().values())


def content_length(environ: Mapping[str, Any]) -> int | None:
    """Return a body's announced size: None if it comes in chunks, 0 if the header is no number."""
    text = environ.get("CONTENT_LENGTH")
    if text is None or "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        return None
    return int(text) if text.isascii() and text.isdigit() else 0


def _may_be_large(environ: Mapping[str, Any]) -> bool:
    """Return whether a body may be large; the size of a compressed or chunked one is not known beforehand."""
    if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
        return False
    size = content_length(environ)
    return size is None or size > LARGE_BODY or "HTTP_CONTENT_ENCODING" in environ


def decompress(body: bytes, encoding: str, max_size: int) -> bytes:
    """Return a decompressed body; one that is larger than the maximum is refused before it is in memory."""
    window = _ZLIB_WINDOWS.get(encoding.strip().lower())
    if window is None:
        raise ApiError(415, "encoding", f"Content-Encoding {encoding[:40]!r} is not supported; gzip and deflate are")
    stream = zlib.decompressobj(window)
    try:
        content = stream.decompress(body, max_size + 1)
    except zlib.error:
        raise ApiError(400, "malformed", f"the body is not {encoding.strip().lower()}") from None
    if len(content) > max_size:
        raise too_large(max_size)
    if not stream.eof:
        raise ApiError(400, "malformed", "the compressed body ends too early")
    return content


def too_large(max_size: int) -> ApiError:
    """Return the error for a body over the maximum."""
    return ApiError(413, "too_large", f"the body is larger than the maximum of {max_size} bytes")

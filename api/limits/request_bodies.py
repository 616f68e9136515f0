"""The one reader of request bodies, with the limits on their size and on what they need in memory.

A body is read in the thread that answers the request. How many threads are reading at this moment is recorded, so that
slow_connections can close the connections that hold threads for too long.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from math import inf
from threading import get_ident
from time import monotonic
from typing import Any

from api.errors import ApiError
from api.limits.memory_budget import MemoryBudget
from api.limits.request_cost import FREE_BODY, cost_of_body
from api.limits.waiting_room import WaitingRoom

PIECE = 1 << 16
"""Bodies are read in pieces of this size, so that memory is taken for what has arrived, not for what was announced."""
PUBLIC_BODY = 16 << 10
"""The maximum for a path that needs no key."""
_ARRIVING = 4
"""All bodies that are arriving may take one part in so many of the memory budget."""
_CSV, _FORM = "text/csv", "application/x-www-form-urlencoded"
_ARRIVING_WAIT_SECONDS = 0.25
"""How long a body that is arriving waits for others; each holds a thread and what has come of it."""
_DISCARDED_PIECES = 512
"""So many pieces of a body that is too large are read all the same: 32 MiB."""
_MAX_MEMBERS = 1_000
_ZLIB_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class RequestBodies:
    """Read request bodies, and take memory for them."""

    def __init__(self, max_size: int, budget: MemoryBudget, waiting: WaitingRoom) -> None:
        self._max_size, self._budget = max_size, budget
        self._uncounted = min(max_size, FREE_BODY)
        self._arriving = MemoryBudget(budget.size // _ARRIVING, waiting)
        self._reading: dict[int, float] = {}

    def read(self, environ: Mapping[str, Any], *, public: bool = False) -> tuple[bytes, int]:
        """Return the body of a request, and the bytes that were taken from the memory budget for answering it.

        What is public needs no key, so that not much is read for it.
        """
        length = environ.get("CONTENT_LENGTH", "")
        if (
            len(length) > 4
            or not length.isdecimal()
            or int(length) > self._uncounted
            or "HTTP_CONTENT_ENCODING" in environ
            or "HTTP_TRANSFER_ENCODING" in environ
        ):
            try:
                return self._read_counted(environ, public=public)
            except ApiError as error:
                if error.status == 413 and not public:
                    self._discard(environ)
                raise
        # The hot path: nothing of a small body is counted. A try block and not a context manager, since a generator
        # costs half a microsecond.
        size, thread = int(length), get_ident()
        self._reading[thread] = monotonic()
        try:
            body: bytes = environ["wsgi.input"].read(size)
        finally:
            del self._reading[thread]
        if len(body) < size:
            raise incomplete(size)
        return body, 0

    def _read_counted(self, environ: Mapping[str, Any], *, public: bool) -> tuple[bytes, int]:
        encoding = environ.get("HTTP_CONTENT_ENCODING")
        size = content_length(environ)
        max_size = min(self._max_size, PUBLIC_BODY) if public else self._max_size
        media_type = (environ.get("CONTENT_TYPE") or "").partition(";")[0].strip().lower()
        if size is not None and size > max_size:
            raise too_large(max_size)
        taken = 0
        pieces = []

        def take(length: int) -> None:
            # Twice: as a piece, and as a part of the body.
            nonlocal taken
            self._arriving.acquire(2 * length, before=taken, wait=_ARRIVING_WAIT_SECONDS)
            taken += 2 * length

        try:
            for piece in self._pieces(environ, size, max_size):
                take(len(piece))
                pieces.append(piece)
            body = b"".join(pieces)
            pieces.clear()
            if size is None and encoding is None and not _marks_its_end(body, media_type):
                raise ApiError(
                    411, "length_required", f"{media_type} needs a Content-Length: cut off, it would look whole"
                )
            if encoding is not None and encoding.lower() != "identity":
                body = decompress(body, encoding, max_size, take)
            cost = cost_of_body(body, media_type)
            self._budget.acquire(cost)
        finally:
            self._arriving.release(taken)
        return body, cost

    def _pieces(self, environ: Mapping[str, Any], size: int | None, max_size: int) -> Any:
        """Yield a body as it arrives, and raise an error if it ends too early or is too large."""
        thread, read = get_ident(), environ["wsgi.input"].read
        left = max_size + 1 if size is None else size
        began, piece = monotonic(), b"-"
        while left and piece:
            # What is done with a piece, such as a wait for memory, is no wait for the caller.
            self._reading[thread] = began
            try:
                piece = read(min(PIECE, left))
            finally:
                del self._reading[thread]
            left -= len(piece)
            if piece:
                yield piece
        if size is None and not left:
            raise too_large(max_size)
        if size is not None and left:
            raise incomplete(size)

    def _discard(self, environ: Mapping[str, Any]) -> None:
        """Read what is left of a body that is too large, for clients that look for the answer only when all is sent.

        Not for one that waits for the answer first, nor for a body that is much too large.
        """
        if "HTTP_EXPECT" in environ or (content_length(environ) or 0) > _DISCARDED_PIECES * PIECE:
            return
        thread, read = get_ident(), environ["wsgi.input"].read
        self._reading[thread] = monotonic()
        try:
            for _ in range(_DISCARDED_PIECES):
                if not read(PIECE):
                    break
        finally:
            del self._reading[thread]

    @property
    def reading(self) -> int:
        """Return how many threads wait for a body."""
        return len(self._reading)

    def oldest(self) -> float:
        """Return since when the thread that reads longest has been reading."""
        return min(self._reading.copy().values(), default=inf)


def _marks_its_end(body: bytes, media_type: str) -> bool:
    """Return whether a part of a body cannot look whole; curl says of JSON too that it is a form."""
    return media_type != _CSV and (media_type != _FORM or body[:64].lstrip().startswith((b"{", b"[")))


def content_length(environ: Mapping[str, Any]) -> int | None:
    """Return a body's announced size: None if it comes in chunks, 0 if there is none."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        if environ["HTTP_TRANSFER_ENCODING"].strip().lower() != "chunked":
            raise ApiError(415, "encoding", "Transfer-Encoding can be chunked and nothing else")
        if environ.get("CONTENT_LENGTH"):
            raise ApiError(400, "malformed", "a request has either a Content-Length or a Transfer-Encoding")
        return None
    text = environ.get("CONTENT_LENGTH") or ""
    return int(text) if text.isascii() and text.isdigit() else 0


def decompress(body: bytes, encoding: str, max_size: int, take: Callable[[int], None]) -> bytes:
    """Return a decompressed body; take is called with the size of each piece, and may refuse it."""
    window = _ZLIB_WINDOWS.get(encoding.strip().lower())
    if window is None:
        raise ApiError(415, "encoding", f"Content-Encoding {encoding[:40]!r} is not supported; gzip and deflate are")
    pieces: list[bytes] = []
    left = max_size
    rest = memoryview(body)
    # A gzip body may consist of several members, one after the other.
    for _ in range(_MAX_MEMBERS):
        stream = zlib.decompressobj(window)
        while not stream.eof:
            # A part of the rest: zlib copies what a member leaves of it.
            given = rest[:PIECE]
            try:
                piece = stream.decompress(given, PIECE)
            except zlib.error:
                raise ApiError(400, "malformed", f"the body is not {encoding.strip().lower()}") from None
            used = len(given) - len(stream.unused_data if stream.eof else stream.unconsumed_tail)
            rest = rest[used:]
            left -= len(piece)
            if left < 0:
                raise too_large(max_size)
            if not (piece or used or stream.eof):
                raise ApiError(400, "malformed", "the compressed body ends too early")
            take(len(piece))
            pieces.append(piece)
        if not rest:
            return b"".join(pieces)
    raise ApiError(400, "malformed", f"the compressed body has more than {_MAX_MEMBERS} members")


def too_large(max_size: int) -> ApiError:
    """Return the error for a body over the maximum."""
    return ApiError(413, "too_large", f"the body is larger than the maximum of {max_size} bytes")


def incomplete(size: int) -> ApiError:
    """Return the error for a body that ended before its announced size."""
    return ApiError(400, "incomplete", f"the body ended before its {size} bytes were received")

"""Large responses are sent in pieces, and keep their share of the memory budget until the caller has read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

LARGE_RESPONSE = 1 << 16
PIECE = 1 << 13


class LargeResponses:
    """Count the threads that send large responses."""

    def __init__(self) -> None:
        self._sending: set[int] = set()

    @property
    def sending(self) -> int:
        """Return how many large responses are being sent."""
        return len(self._sending)

    def pieces(self, body: bytes, on_sent: Callable[[], None]) -> Pieces:
        """Return a body in pieces; when it was sent, or could not be, on_sent is called."""
        pieces = Pieces(body, self._sending, on_sent)
        self._sending.add(id(pieces))
        return pieces


class Pieces:
    """A body in pieces, as WSGI servers send it: they call close at the end, whatever happened."""

    def __init__(self, body: bytes, sending: set[int], on_sent: Callable[[], None]) -> None:
        self._view, self._place = body, 0
        self._sending, self._on_sent = sending, on_sent

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Return the next piece."""
        piece = self._view[self._place : self._place + PIECE]
        if not piece:
            raise StopIteration
        self._place += PIECE
        return piece

    def close(self) -> None:
        """Give up the body and its memory."""
        if id(self) in self._sending:
            self._sending.discard(id(self))
            self._view = b""
            self._on_sent()

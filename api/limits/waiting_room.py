"""The waiting room: how many requests may wait for others to finish.

Each that waits holds a thread. Were all of them waiting, nobody could refuse the next request: it would lie in the
server's queue, which knows no limit and holds requests also of callers who have left.
"""

from __future__ import annotations

from threading import BoundedSemaphore
from types import TracebackType

from api.errors import ApiError


class WaitingRoom:
    """A few places; whoever finds none is refused at once."""

    def __init__(self, places: int) -> None:
        self._places = BoundedSemaphore(places)

    def __enter__(self) -> None:
        """Take a place, or raise a 503."""
        if not self._places.acquire(blocking=False):
            raise ApiError(503, "busy", "many requests wait for others to finish; try again in a moment")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the place back."""
        self._places.release()

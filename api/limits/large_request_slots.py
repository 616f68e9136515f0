"""Large requests: few are answered at a time, so that they do not keep the interpreter from small ones and probes."""

from __future__ import annotations

from threading import BoundedSemaphore

from api.errors import ApiError
from api.limits.memory_budget import MAX_WAIT_SECONDS
from api.limits.waiting_room import WaitingRoom

LARGE_REQUEST = 1 << 18
"""A request is large if it is estimated to need more bytes."""
_AT_ONCE = 2


class LargeRequestSlots:
    """Places for large requests."""

    def __init__(self, waiting: WaitingRoom) -> None:
        self._places, self._waiting = BoundedSemaphore(_AT_ONCE), waiting

    def acquire(self) -> None:
        """Wait for a place and take it; raise a 503 if none becomes free."""
        if self._places.acquire(blocking=False):
            return
        with self._waiting:
            if not self._places.acquire(timeout=MAX_WAIT_SECONDS):
                raise ApiError(503, "busy", f"{_AT_ONCE} large requests are being answered; try again in a moment")

    def release(self) -> None:
        """Give the place back."""
        self._places.release()

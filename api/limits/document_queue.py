"""Turns for making pages and metrics: each takes time and memory, so only one is made at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock

from api.errors import ApiError

MAX_WAITING = 16
"""How many may be made or wait for their turn; with more, those who scrape metrics would wait too long."""


class DocumentQueue:
    """Let requests make documents one after the other, and refuse those that would wait long."""

    def __init__(self) -> None:
        self._places, self._turn = BoundedSemaphore(MAX_WAITING), Lock()

    @contextmanager
    def acquire(self) -> Iterator[None]:
        """Wait for a turn, and hold it; raise a 503 if too many wait already."""
        if not self._places.acquire(blocking=False):
            raise ApiError(503, "busy", "several pages or documents are being made; try again in a moment")
        try:
            with self._turn:
                yield
        finally:
            self._places.release()

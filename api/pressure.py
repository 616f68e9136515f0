"""More requests than can be answered: some are turned away at once, so that the others do not wait long.

How long a request waits for a thread cannot be seen from within the thread. So the server asks itself now and then,
through its own door, and the longer that takes, the larger is the share of requests that it turns away.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from random import random
from threading import Thread
from time import monotonic, sleep

from api.errors import ApiError

MOST = 0.98
_CALM, _TENSE = 0.5, 0.1
"""Seconds between two looks."""
_MORE, _LESS = 0.15, 0.03


class Pressure:
    """The share of scoring requests that is turned away now."""

    def __init__(self, patience: float) -> None:
        self.share = 0.0
        self._patience = patience

    def admit(self) -> None:
        """Refuse a request, or let it pass."""
        if random() < self.share:  # noqa: S311 - nothing depends on nobody's guessing this
            raise ApiError(503, "overloaded", "more is asked than can be answered in time; try again in a moment")

    def felt(self, seconds: float) -> None:
        """Take note of how long a request of our own has waited."""
        if seconds > self._patience:
            self.share = min(self.share + _MORE, MOST)
        elif seconds < self._patience / 2:
            self.share = max(self.share - _LESS, 0.0)

    def watch(self, host: str, port: int, tell: Callable[[float], None], excused: Callable[[float], bool]) -> None:
        """Feel the pressure from now on, unless since a moment others are to blame; 0 seconds turn nobody away."""
        if self._patience:
            Thread(target=self._watch, args=(host, port, tell, excused), name="pressure", daemon=True).start()

    def _watch(self, host: str, port: int, tell: Callable[[float], None], excused: Callable[[float], bool]) -> None:
        told = False
        while True:
            sleep(_TENSE if self.share else _CALM)
            start = monotonic()
            waited = _waited(host, port, 2 * self._patience)
            self.felt(0.0 if excused(start) else waited)
            if told != bool(self.share):
                told = not told
                tell(self.share)


def _waited(host: str, port: int, most: float) -> float:
    """Return how long the simplest of all requests takes."""
    start = monotonic()
    connection = HTTPConnection(host, port, timeout=most)
    with suppress(OSError, HTTPException):
        connection.request("GET", "/livez")
        connection.getresponse().read()
    connection.close()
    return monotonic() - start

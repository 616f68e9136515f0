"""More requests than can be answered: who has waited too long is turned away, so that the others need not.

How long a request waits for a thread cannot be seen from within the thread. So the server asks itself now and then,
through its own door: requests get their turn in the order in which they came, and those that get it now have waited
about as long as the oldest of its own that has not.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from math import inf
from select import POLLIN, poll
from threading import Thread
from time import monotonic, sleep

from api.errors import ApiError

_CALM, _TENSE = 0.4, 0.1
"""Seconds between two looks."""
_OVER = 5.0
"""Seconds without anybody turned away after which that is said to be over."""
_MOST = 30
_ASKED = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Pressure:
    """Whether those who get their turn now have waited for too long."""

    def __init__(self, patience: float) -> None:
        self.late = False
        self._patience, self._twice = patience, False

    def admit(self) -> None:
        """Refuse a request, or let it pass."""
        if self.late:
            raise ApiError(503, "overloaded", "more is asked than can be answered in time; try again in a moment")

    def felt(self, seconds: float) -> None:
        """Take note of a wait; only the second in a row counts, since a process that was stopped feels one as well."""
        late = seconds > self._patience
        self.late, self._twice = late and self._twice, late

    def watch(self, host: str, port: int, tell: Callable[[bool], None], excused: Callable[[float], bool]) -> None:
        """Feel the pressure from now on, unless since a moment others are to blame; 0 seconds turn nobody away."""
        if self._patience:
            Thread(target=self._watch, args=(host, port, tell, excused), name="pressure", daemon=True).start()

    def _watch(self, host: str, port: int, tell: Callable[[bool], None], excused: Callable[[float], bool]) -> None:
        waiting: deque[_Own] = deque()
        told, last = False, -inf
        while True:
            sleep(0.0 if waiting else _CALM)
            with suppress(OSError):
                if len(waiting) < _MOST:
                    waiting.append(_Own(host, port))
            sleep(min(_TENSE, self._patience / 4))
            while waiting and waiting[0].is_answered():
                waiting.popleft()
            since = waiting[0].since if waiting else monotonic()
            self.felt(0.0 if excused(since) else monotonic() - since)
            last = monotonic() if self.late else last
            if told != (now := monotonic() - last < _OVER):
                told = now
                tell(told)


class _Own:
    """A request of the server's own, the simplest of all."""

    def __init__(self, host: str, port: int) -> None:
        self.since = monotonic()
        self._connection = socket.create_connection((host, port), timeout=1)
        self._connection.sendall(_ASKED)
        self._poll = poll()
        self._poll.register(self._connection, POLLIN)

    def is_answered(self) -> bool:
        """Tell whether there is an answer, and forget the request if so."""
        if not self._poll.poll(0):
            return False
        self._connection.close()
        return True

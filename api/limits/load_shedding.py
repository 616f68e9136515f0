"""Load shedding: while requests wait too long, for the CPU or for a thread, new ones are refused with 503.

How long a request waits for a thread cannot be seen from within the thread. So the server sends itself a request now
and then. Threads take requests in order of arrival, so its age is about the queue wait of the requests being taken.
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
from api.limits.concurrency_limit import ConcurrencyLimit

PROBE_INTERVAL = 0.4
"""Seconds between two probes while none is in flight."""
_MAX_POLL_INTERVAL = 0.1
_RECOVERY_SECONDS = 5.0
"""An overload is over after so many seconds without a refusal."""
_MAX_PROBES = 30
_REQUEST = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class LoadShedder:
    """Watches how long requests wait, and says when new ones have to be refused."""

    def __init__(self, max_queue_seconds: float, cpu: ConcurrencyLimit) -> None:
        self.overloaded = False
        self.cpu = cpu
        self._max_queue_seconds, self._last_over = max_queue_seconds, False

    def require_capacity(self, *, has_body: bool = False) -> None:
        """Raise a 503 while the server is overloaded."""
        if self.overloaded or self.cpu.is_exceeded(has_body=has_body):
            raise ApiError(503, "overloaded", "the server is overloaded; try again in a moment")

    def record_wait(self, seconds: float) -> None:
        """Record a queue wait; two in a row over the limit are an overload.

        A single one is not: a process that was stopped for a while measures one too.
        """
        over = seconds > self._max_queue_seconds
        self.overloaded, self._last_over = over and self._last_over, over

    def start(self, host: str, port: int, report: Callable[[bool], None]) -> None:
        """Measure in the background. A limit of 0 disables it."""
        if self._max_queue_seconds:
            Thread(target=self._run, args=(host, port, report), name="load-shedder", daemon=True).start()

    def _run(self, host: str, port: int, report: Callable[[bool], None]) -> None:
        probes: deque[_Probe] = deque()
        reported, last_overload = False, -inf
        while True:
            sleep(0.0 if probes else PROBE_INTERVAL)
            with suppress(OSError):
                if len(probes) < _MAX_PROBES:
                    probes.append(_Probe(host, port))
            sleep(min(_MAX_POLL_INTERVAL, self._max_queue_seconds / 4))
            while probes and probes[0].is_answered():
                probes.popleft()
            since = probes[0].since if probes else monotonic()
            self.record_wait(monotonic() - since)
            last_overload = monotonic() if self.overloaded else max(last_overload, self.cpu.last_refusal)
            if reported != (now := monotonic() - last_overload < _RECOVERY_SECONDS):
                reported = now
                report(now)


class _Probe:
    """A request of the server to itself, the simplest of all."""

    def __init__(self, host: str, port: int) -> None:
        self.since = monotonic()
        self._connection = socket.create_connection((host, port), timeout=1)
        self._connection.sendall(_REQUEST)
        self._poll = poll()
        self._poll.register(self._connection, POLLIN)

    def is_answered(self) -> bool:
        """Return whether there is a response, and close the connection if so."""
        if not self._poll.poll(0):
            return False
        self._connection.close()
        return True

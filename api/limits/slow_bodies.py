"""Slow senders: connections whose request body does not arrive in time are closed.

Nothing but the end of its connection can end a read in the server. So the connections of slow senders are looked up
among this process's sockets, and shut down for reading; a response can still be sent.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from math import inf
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

from api.limits.request_bodies import Reading, RequestBodies

CROWDED_SECONDS = 1.0
"""How long a body may take while hardly a thread is left for others."""
_CHECK_INTERVAL = 0.2
# Where struct tcp_info has the milliseconds since data was last sent, and last received.
_TCP_INFO_TIMES = "44xI4xI"
# A "100 Continue" is sent a moment after the read began.
_TOLERANCE = 0.02


class SlowBodies:
    """Find the bodies that take too long, and close their connections."""

    def __init__(self, bodies: RequestBodies, threads: int, timeout: float) -> None:
        self._bodies, self._threads, self._timeout = bodies, threads, timeout
        self._crowded_at = -inf

    def overdue(self) -> list[Reading]:
        """Return the bodies over their time limit, which is short while nearly all threads are reading."""
        reading = self._bodies.being_read()
        spare = max(1, self._threads // 8)
        if crowded := len(reading) > self._threads - 1 - spare:
            self._crowded_at = monotonic()
        limit = monotonic() - (CROWDED_SECONDS if crowded else self._timeout)
        return [(since, address) for since, address in reading if since < limit]

    def crowded_since(self, moment: float) -> bool:
        """Return whether nearly all threads were reading at some time since then."""
        return self._crowded_at >= moment

    def start(self, port: int, report: Callable[[int], None]) -> None:
        """Close the connections of slow senders in the background, and report how many."""
        if sys.platform == "linux":
            Thread(target=self._run, args=(port, report), name="slow-bodies", daemon=True).start()

    def _run(self, port: int, report: Callable[[int], None]) -> None:
        while True:
            sleep(_CHECK_INTERVAL)
            if overdue := self.overdue():
                found = dict(_connections(port, overdue))
                # A sender that is only queued has sent everything; one that drips is closed when none is silent.
                silent = [handle for handle, is_silent in found.items() if is_silent]
                if closed := sum(map(_shut_down_reading, silent or found)):
                    report(closed)


def _connections(port: int, overdue: list[Reading]) -> Iterator[tuple[int, bool]]:
    """Return the file handles of connections from these addresses to which nothing was sent for as long.

    With each handle comes whether nothing was received either. A connection that is idle between two requests for so
    long looks the same, and may be closed at any time as well.
    """
    waits = {address: monotonic() - since - _TOLERANCE for since, address in overdue}
    for path in Path("/proc/self/fd").iterdir():
        handle = int(path.name)
        with suppress(OSError), _socket_of(handle) as connection:
            if connection.getsockname()[1:2] != (port,):
                continue
            wait = waits.get(connection.getpeername()[0])
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, struct.calcsize(_TCP_INFO_TIMES))
            sent, received = (milliseconds / 1000 for milliseconds in struct.unpack(_TCP_INFO_TIMES, info))
            if wait is not None and sent > wait:
                yield handle, received > wait


def _shut_down_reading(handle: int) -> bool:
    with suppress(OSError), _socket_of(handle) as connection:
        connection.shutdown(socket.SHUT_RD)
        return True
    return False


@contextmanager
def _socket_of(handle: int) -> Iterator[socket.socket]:
    """Give the socket of a file handle, without closing it afterwards."""
    connection = socket.socket(fileno=handle)
    try:
        yield connection
    finally:
        connection.detach()

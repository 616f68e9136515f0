"""Slow connections: who sends too slowly, or does not read the response, loses the connection.

In the server nothing but the end of its connection can end a wait for a caller. So the connections of this process are
looked at from outside: the kernel knows how much each has received and delivered, and since when. The limits are
short while many threads wait for callers, or many connections are open. What the kernel holds for all of them together
is looked at in the same turn.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from threading import Thread
from time import monotonic, process_time, sleep, thread_time

from api.limits.kernel_connections import (
    Counts,
    Handles,
    Key,
    connections,
    counts_of,
    is_open,
    limit_buffers,
    socket_of,
)
from api.limits.unread_bodies import UnreadBodies

CROWDED_SECONDS, UNREAD_SECONDS = 0.1, 0.25
"""How long a sender, and a reader, may make no progress while many threads wait for callers."""
MIN_PROGRESS = 4096
"""Bytes that a slow caller must send or accept within a time limit to keep the connection."""
_BUSY_SHARE = 0.7
"""A share of a CPU: so much in use is all of it, as the threads take turns."""
_CROWDED_SHARE, _FULL_SHARE = 0.5, 0.75
"""Shares of the threads, and of the connections, from which on the limits are short."""
_MAX_UNSENT = 8 << 20
"""Bytes that all connections together may not have sent yet before the limits are short."""
_CROWDED_INTERVAL, _BUSY_INTERVAL, _INTERVAL, _CHECKS = 0.05, 0.2, 1.0, 0.05
_NOTICE_SECONDS, _NOTICE_INTERVAL = 0.2, 0.005
"""How long, and how often, to see whether a thread has noticed that its connection was shut."""
_BUSY = 200
"""So many connections can leave much unread within the longest interval, or send much that nobody reads."""


@dataclass(slots=True)
class Connection:
    """What is known of a connection: its counts when they last moved far enough, and the moments of that."""

    received: int = 0
    acked: int = 0
    receiving_since: float = inf
    received_at: float = 0.0
    acked_at: float = 0.0
    is_slow: bool = False
    """It has begun to send, and makes hardly any progress."""
    since: float = 0.0


class SlowConnections:
    """Find the connections whose callers take too long, and close them."""

    def __init__(
        self, reading: Callable[[], int], sending: Callable[[], int], oldest: Callable[[], float], threads: int,
        max_connections: int, *, receive_timeout: float, send_timeout: float, unread: UnreadBodies,
    ) -> None:  # fmt: skip
        self._reading, self._sending, self._oldest = reading, sending, oldest
        self._threads, self._max_connections = threads, max_connections
        self._receive_timeout, self._send_timeout = receive_timeout, send_timeout
        self._unread = unread
        self._known: dict[Key, Connection] = {}
        self._full = self._unsent = False
        self._handles = Handles()
        self._busy, self._measured = False, (monotonic(), process_time())

    @property
    def is_crowded(self) -> bool:
        """Return whether the limits are short."""
        return self._full or self._unsent or self._reading() + self._sending() >= self._threads * _CROWDED_SHARE

    def start(self, port: int, report: Callable[[int, int], None]) -> None:
        """Close connections in the background, and report how many: slow ones, and those with too much unread."""
        if sys.platform == "linux":
            limit_buffers(port)
            Thread(target=self._run, args=(port, report), name="slow-connections", daemon=True).start()

    def _run(self, port: int, report: Callable[[int, int], None]) -> None:
        last, before = monotonic(), 0
        while True:
            sleep(_CHECKS)
            crowded, now = self.is_crowded, monotonic()
            number = len(self._handles.open())
            hurried = crowded or self._unread.is_full or number - before >= _BUSY
            calm = _BUSY_INTERVAL if len(self._known) >= _BUSY else _INTERVAL
            if now - last >= (_CROWDED_INTERVAL if hurried else calm):
                last, before = now, number
                slow, unread = self.close_slow(port, crowded=crowded)
                if slow or unread:
                    report(slow, unread)

    def close_slow(self, port: int, *, crowded: bool) -> tuple[int, int]:
        """Look at every connection of a port once; return how many were closed: slow ones, and with too much unread."""
        seen: dict[Key, Connection] = {}
        slow: list[tuple[float, Key]] = []
        closed = unsent = 0
        strictly = not crowded and monotonic() - self._oldest() < self._receive_timeout
        for key, connection in connections(self._handles.open(), port):
            # Thousands of connections take a while, in which others arrive: the order of arrival needs the moment.
            now = monotonic()
            known = seen[key] = self._known.get(key) or Connection(received_at=now, acked_at=now, since=now)
            # A connection may end at any moment.
            with suppress(OSError):
                counts = counts_of(connection)
                unsent += counts.unsent
                self._unread.add(key, counts, known.since)
                how = self.verdict(known, counts, now, crowded=crowded, strictly=strictly)
                if how is not None:
                    connection.shutdown(how)
                    closed += 1
                elif crowded and known.is_slow:
                    slow.append((known.receiving_since, key))
        self._full = len(seen) >= self._max_connections * _FULL_SHARE
        self._unsent = unsent > _MAX_UNSENT
        self._known = seen
        discarded = self._unread.discard_excess()
        return closed + self._close_senders([key for _, key in sorted(slow)]), discarded

    def _close_senders(self, oldest_first: list[Key]) -> int:
        """Close slow senders, the oldest first, while the limits are short; return how many.

        While this process uses a whole CPU, its threads wait for that, and not for their callers: none is closed.

        Threads take requests in the order of their arrival, so that they wait for the oldest of these. All others may
        be whole requests that wait for a thread. The kernel's clock gives that order by some milliseconds only. So no
        more than half as many are closed at once as threads read, and the threads take others before the next.
        """
        closed = 0
        while oldest_first and self.is_crowded and (reading := self._reading()) and not self._is_busy():
            turn = oldest_first[: (reading + 1) // 2]
            del oldest_first[: len(turn)]
            shut = [key for key in turn if _shut_down_if_slow(key)]
            closed += len(shut)
            end = monotonic() + _NOTICE_SECONDS
            while any(map(is_open, shut)) and monotonic() < end:
                sleep(_NOTICE_INTERVAL)
        return closed

    def _is_busy(self) -> bool:
        """Return whether all other threads together have used most of a CPU since the last look."""
        wall, used = monotonic(), process_time() - thread_time()
        if wall - self._measured[0] >= _CHECKS:
            self._busy = used - self._measured[1] >= _BUSY_SHARE * (wall - self._measured[0])
            self._measured = (wall, used)
        return self._busy

    def verdict(
        self, known: Connection, counts: Counts, now: float, *, crowded: bool, strictly: bool = True
    ) -> int | None:
        """Return how to shut a connection down, or None if its caller is quick enough."""
        receiving = counts.receiving(strictly=strictly)
        if not receiving:
            known.receiving_since = inf
        elif known.receiving_since == inf:
            known.receiving_since, known.received_at, known.received = now - counts.received_ago, now, counts.received
        if counts.received - known.received >= MIN_PROGRESS:
            known.received, known.received_at = counts.received, now
        if counts.acked - known.acked >= MIN_PROGRESS or not counts.unsent:
            known.acked, known.acked_at = counts.acked, now
        silent = max(now - known.received_at, counts.received_ago)
        known.is_slow = receiving and silent > CROWDED_SECONDS
        if now - known.acked_at > (UNREAD_SECONDS if crowded else self._send_timeout):
            return socket.SHUT_RDWR
        if receiving and max(now - known.receiving_since, counts.received_ago) > self._receive_timeout:
            return socket.SHUT_RD
        if self._full and not counts.unsent and min(counts.sent_ago, counts.received_ago) > 1.0:
            return socket.SHUT_RD
        return None


def _shut_down_if_slow(key: Key) -> bool:
    """End reading from a connection that still is the same, and has sent nothing in the meantime."""
    with suppress(OSError), socket_of(key[0]) as connection:
        counts = counts_of(connection)
        if is_open(key) and counts.receiving(strictly=False) and counts.received_ago > CROWDED_SECONDS:
            connection.shutdown(socket.SHUT_RD)
            return True
    return False

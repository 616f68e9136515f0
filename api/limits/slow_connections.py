"""Slow connections: who sends too slowly, or does not read the response, loses the connection.

In the server nothing but the end of its connection can end a wait for a caller. So the connections of this process are
looked at from outside: the kernel knows how much each has received and delivered, and since when. The limits are
short while many threads wait for callers, or many connections are open.
"""

from __future__ import annotations

import os
import resource
import socket
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fcntl import ioctl
from math import inf
from termios import FIONREAD
from threading import Thread
from time import monotonic, sleep

CROWDED_SECONDS, UNREAD_SECONDS = 0.1, 0.25
"""How long a sender, and a reader, may make no progress while many threads wait for callers."""
MIN_PROGRESS = 4096
"""Bytes that a slow caller must send or accept within a time limit to keep the connection."""
_CROWDED_SHARE, _FULL_SHARE = 0.5, 0.75
"""Shares of the threads, and of the connections, from which on the limits are short."""
SEND_BUFFER = 1 << 15
"""Bytes of responses that the kernel keeps for each connection, of which it may take twice as many."""
_UNSENT = 1 << 14
"""Bytes that wait to be sent, from which on the kernel takes no more of a response: most of its memory stays ours."""
_MAX_UNSENT = 8 << 20
"""Bytes that all connections together may not have sent yet before the limits are short."""
_CROWDED_INTERVAL, _BUSY_INTERVAL, _INTERVAL, _CHECKS = 0.05, 0.2, 1.0, 0.05
_NOTICE_SECONDS, _NOTICE_INTERVAL = 0.2, 0.005
"""How long, and how often, to see whether a thread has noticed that its connection was shut."""
_BUSY = 200
"""So many connections can leave much unread within the longest interval."""
# Where struct tcp_info has what is used here: unacked; milliseconds since data was sent, and received; bytes_acked,
# bytes_received; notsent_bytes.
_MOST_HANDLES = 1 << 16
_INT = struct.Struct("i")
_TCP_INFO = struct.Struct("24xI16xI4xI64xQQ8xI")
Key = tuple[int, int]
"""What no two connections share: the file handle, and the number that the kernel gave to what it stands for."""


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


@dataclass(slots=True, frozen=True)
class Counts:
    """What the kernel says of a connection."""

    sent_ago: float
    received_ago: float
    acked: int
    received: int
    unsent: int
    unread: int = 0
    """Bytes that nobody here has read yet: the caller waits for this process, not the other way round."""

    def receiving(self, *, strictly: bool) -> bool:
        """Return whether something was received that is not answered yet.

        The kernel's clock is coarse. If both moments are the same, a request was answered at once, or another one has
        begun at once after it; strictly, that does not count.
        """
        later = self.received_ago < self.sent_ago if strictly else self.received_ago <= self.sent_ago
        return later and not self.unsent and not self.unread


class SlowConnections:
    """Find the connections whose callers take too long, and close them."""

    def __init__(
        self, reading: Callable[[], int], sending: Callable[[], int], oldest: Callable[[], float], threads: int,
        max_connections: int, receive_timeout: float, send_timeout: float,
    ) -> None:  # fmt: skip
        self._reading, self._sending, self._oldest = reading, sending, oldest
        self._threads, self._max_connections = threads, max_connections
        self._receive_timeout, self._send_timeout = receive_timeout, send_timeout
        self._known: dict[Key, Connection] = {}
        self._full = self._unsent = False

    @property
    def is_crowded(self) -> bool:
        """Return whether the limits are short."""
        return self._full or self._unsent or self._reading() + self._sending() >= self._threads * _CROWDED_SHARE

    def start(self, port: int, report: Callable[[int], None]) -> None:
        """Close slow connections in the background, and report how many."""
        if sys.platform == "linux":
            _limit_send_buffers(port)
            Thread(target=self._run, args=(port, report), name="slow-connections", daemon=True).start()

    def _run(self, port: int, report: Callable[[int], None]) -> None:
        last = monotonic()
        while True:
            sleep(_CHECKS)
            crowded, now = self.is_crowded, monotonic()
            calm = _BUSY_INTERVAL if len(self._known) >= _BUSY else _INTERVAL
            if now - last >= (_CROWDED_INTERVAL if crowded else calm):
                last = now
                if closed := self.close_slow(port, crowded=crowded):
                    report(closed)

    def close_slow(self, port: int, *, crowded: bool) -> int:
        """Look at every connection of a port once; close the slow ones, and return how many."""
        seen: dict[Key, Connection] = {}
        slow: list[tuple[float, Key]] = []
        closed = unsent = 0
        strictly = not crowded and monotonic() - self._oldest() < self._receive_timeout
        for key, connection in connections(port):
            # Thousands of connections take a while, in which others arrive: the order of arrival needs the moment.
            now = monotonic()
            known = seen[key] = self._known.get(key) or Connection(received_at=now, acked_at=now)
            # A connection may end at any moment.
            with suppress(OSError):
                counts = _counts(connection)
                unsent += counts.unsent
                how = self.verdict(known, counts, now, crowded=crowded, strictly=strictly)
                if how is not None:
                    connection.shutdown(how)
                    closed += 1
                elif crowded and known.is_slow:
                    slow.append((known.receiving_since, key))
        self._full = len(seen) >= self._max_connections * _FULL_SHARE
        self._unsent = unsent > _MAX_UNSENT
        self._known = seen
        return closed + self._close_senders([key for _, key in sorted(slow)])

    def _close_senders(self, oldest_first: list[Key]) -> int:
        """Close slow senders, the oldest first, while the limits are short; return how many.

        Threads take requests in the order of their arrival, so that they wait for the oldest of these. All others may
        be whole requests that wait for a thread. The kernel's clock gives that order by some milliseconds only. So no
        more than half as many are closed at once as threads read, and the threads take others before the next.
        """
        closed = 0
        while oldest_first and self.is_crowded and (reading := self._reading()):
            turn = oldest_first[: (reading + 1) // 2]
            del oldest_first[: len(turn)]
            shut = [key for key in turn if _shut_down_if_slow(key)]
            closed += len(shut)
            end = monotonic() + _NOTICE_SECONDS
            while any(map(_is_open, shut)) and monotonic() < end:
                sleep(_NOTICE_INTERVAL)
        return closed

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


def _counts(connection: socket.socket) -> Counts:
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
    unacked, sent, received, acked, total, unsent = _TCP_INFO.unpack(info)
    unread = _INT.unpack(ioctl(connection, FIONREAD, bytes(_INT.size)))[0]
    return Counts(sent / 1000, received / 1000, acked, total, unsent or unacked, unread)


def connections(port: int) -> Iterator[tuple[Key, socket.socket]]:
    """Yield this process's connections on a port, in the order of their handles."""
    for handle, found in _sockets(port):
        with suppress(OSError):
            if not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                yield (handle, os.fstat(handle).st_ino), found


def _limit_send_buffers(port: int) -> None:
    """Let the kernel keep little of what callers have not read; connections inherit this from the listening socket."""
    for _, found in _sockets(port):
        # A connection that came in the meantime may have ended.
        with suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)


def _sockets(port: int) -> Iterator[tuple[int, socket.socket]]:
    """Yield this process's sockets on a port, with their file handles."""
    for handle in _handles():
        with suppress(OSError), _socket_of(handle) as found:
            if found.getsockname()[1:2] == (port,):
                yield handle, found


def _handles() -> Iterable[int]:
    """Return this process's file handles; where none is left to look with, each that there may be."""
    try:
        return map(int, os.listdir("/proc/self/fd"))  # noqa: PTH208 - thousands of paths cost more than their names
    except OSError:
        return range(min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], _MOST_HANDLES))


@contextmanager
def _socket_of(handle: int) -> Iterator[socket.socket]:
    """Give the socket of a file handle, without closing it afterwards."""
    connection = socket.socket(fileno=handle)
    try:
        yield connection
    finally:
        connection.detach()


def _is_open(key: Key) -> bool:
    with suppress(OSError):
        return os.fstat(key[0]).st_ino == key[1]
    return False


def _shut_down_if_slow(key: Key) -> bool:
    """End reading from a connection that still is the same, and has sent nothing in the meantime."""
    with suppress(OSError), _socket_of(key[0]) as connection:
        counts = _counts(connection)
        if _is_open(key) and counts.receiving(strictly=False) and counts.received_ago > CROWDED_SECONDS:
            connection.shutdown(socket.SHUT_RD)
            return True
    return False

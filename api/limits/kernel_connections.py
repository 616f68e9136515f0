"""Connections as the kernel knows them: what moved on each and when, and how to end one from outside.

Hundreds of threads may want Python's lock. Whoever looks at thousands of connections may not give it away for each, as
many functions of the standard library do; nothing here does.
"""

from __future__ import annotations

import ctypes
import resource
import select
import socket
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

SEND_BUFFER = RECEIVE_BUFFER = 1 << 15
"""Bytes that the kernel keeps of responses, and of requests, for each connection; it may take twice as many."""
_UNSENT = 1 << 14
"""Bytes that wait to be sent, from which on the kernel takes no more of a response: most of its memory stays ours."""
# Where struct tcp_info has what is used here: state; unacked; milliseconds since data was sent, and received;
# bytes_acked, bytes_received; notsent_bytes.
_TCP_INFO = struct.Struct("B23xI16xI4xI64xQQ8xI")
_CLOSE_WAIT = 8
# Where the table of a socket's memory has the bytes that what was received takes; the number of each socket.
_SO_MEMINFO, _MEMORY = 55, struct.Struct("I")
_SO_COOKIE, _COOKIE = 57, struct.Struct("Q")
_MORE_HANDLES = 256
_ALL = 1 << 30
_LIBRARY = ctypes.PyDLL(None) if sys.platform == "linux" else None
Key = tuple[int, int]
"""A connection's file handle, and the number that the kernel gave to it and to no other."""


@dataclass(slots=True, frozen=True)
class Counts:
    """What the kernel says of a connection."""

    sent_ago: float
    received_ago: float
    acked: int
    received: int
    unsent: int
    unread: int = 0
    """Memory for what nobody here has read yet: the caller waits for this process, not the other way round."""
    has_left: bool = False
    """The caller has hung up, and nothing that was not sent yet will reach him."""

    def receiving(self, *, strictly: bool) -> bool:
        """Return whether something was received that is not answered yet.

        The kernel's clock is coarse. If both moments are the same, a request was answered at once, or another one has
        begun at once after it; strictly, that does not count.
        """
        later = self.received_ago < self.sent_ago if strictly else self.received_ago <= self.sent_ago
        return later and not self.unsent and not self.unread


def counts_of(connection: socket.socket) -> Counts:
    """Ask the kernel about a connection."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
    state, unacked, sent, received, acked, total, unsent = _TCP_INFO.unpack(info)
    (unread,) = _MEMORY.unpack(connection.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMORY.size))
    return Counts(sent / 1000, received / 1000, acked, total, unsent or unacked, unread, state == _CLOSE_WAIT)


def connections(handles: Iterable[int], port: int) -> Iterator[tuple[Key, socket.socket]]:
    """Yield those handles that are connections on a port."""
    for handle, found in _sockets(handles, port):
        with suppress(OSError):
            if not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                yield (handle, _cookie(found)), found


def limit_buffers(port: int) -> None:
    """Let the kernel keep little for each connection, which inherits this from the listening socket."""
    for _, found in _sockets(Handles().open(), port):
        # A connection that came in the meantime may have ended.
        with suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)


class Handles:
    """The file handles of this process. The kernel gives the lowest that is free, so that they lie close together."""

    def __init__(self) -> None:
        self._asked, self._number = select.poll(), 0

    def open(self) -> list[int]:
        """Ask the kernel which handles are open, in one call that needs no handle."""
        while True:
            closed = {handle for handle, state in self._asked.poll(0) if state & select.POLLNVAL}
            found = [handle for handle in range(self._number) if handle not in closed]
            limit, more = resource.getrlimit(resource.RLIMIT_NOFILE)[0], self._number + _MORE_HANDLES
            more = more if limit == resource.RLIM_INFINITY else min(more, limit)
            if more <= self._number or (found and found[-1] < self._number - _MORE_HANDLES):
                return found
            for handle in range(self._number, more):
                self._asked.register(handle, 0)
            self._number = more


def _sockets(handles: Iterable[int], port: int) -> Iterator[tuple[int, socket.socket]]:
    """Yield those handles that are sockets on a port."""
    for handle in handles:
        with suppress(OSError), socket_of(handle) as found:
            if found.getsockname()[1:2] == (port,):
                yield handle, found


def _cookie(connection: socket.socket) -> int:
    found: int = _COOKIE.unpack(connection.getsockopt(socket.SOL_SOCKET, _SO_COOKIE, _COOKIE.size))[0]
    return found


@contextmanager
def socket_of(handle: int) -> Iterator[socket.socket]:
    """Give the socket of a file handle, without closing it afterwards."""
    connection = socket.socket(fileno=handle)
    try:
        yield connection
    finally:
        connection.detach()


def is_open(key: Key) -> bool:
    """Return whether a file handle still stands for the same connection."""
    with suppress(OSError), socket_of(key[0]) as found:
        return _cookie(found) == key[1]
    return False


def discard(key: Key) -> bool:
    """End a connection that still is the same, and give back the memory of what was received on it."""
    if _LIBRARY is None or not is_open(key):
        return False
    _LIBRARY.shutdown(key[0], socket.SHUT_RDWR)
    _LIBRARY.recv(key[0], None, ctypes.c_size_t(_ALL), socket.MSG_TRUNC | socket.MSG_DONTWAIT)
    return True

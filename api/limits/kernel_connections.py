"""Connections as the kernel knows them: what moved on each and when, and how to end one from outside.

Hundreds of threads may want Python's lock. Whoever looks at thousands of connections may not give it away for each, as
many functions of the standard library do; nothing here does, on a kernel that knows what is asked.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import socket
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from termios import FIONREAD

SEND_BUFFER = RECEIVE_BUFFER = 1 << 15
"""Bytes that the kernel keeps of responses, and of requests, for each connection; it may take twice as many."""
_UNSENT = 1 << 14
"""Bytes that wait to be sent, from which on the kernel takes no more of a response: most of its memory stays ours."""
# Where struct tcp_info has what is used here: state; unacked; milliseconds since data was sent, and received;
# bytes_acked, bytes_received; notsent_bytes.
_TCP_INFO = struct.Struct("B23xI16xI4xI64xQQ8xI")
_ESTABLISHED = 1
# SO_MEMINFO begins with the memory of what was received; SO_COOKIE is a number that no other socket has.
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
    """Bytes that nobody here has read yet: the caller waits for this process, not the other way round."""
    memory: int = 0
    """What the kernel needs for them, and for what came out of order."""
    has_left: bool = False
    """The caller has hung up, or will send no more: to the server that is the same."""

    def receiving(self, *, strictly: bool) -> bool:
        """Return whether something was received that is not answered yet.

        The kernel's clock is coarse. If both moments are the same, a request was answered at once, or another one has
        begun at once after it; strictly, that does not count.
        """
        later = self.received_ago < self.sent_ago if strictly else self.received_ago <= self.sent_ago
        return later and not self.unsent and not self.unread


def counts_of(connection: socket.socket) -> Counts:
    """Ask the kernel about a connection."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size).ljust(_TCP_INFO.size, b"\0")
    state, unacked, sent, received, acked, total, unsent = _TCP_INFO.unpack(info)
    unread = _unread(connection)
    return Counts(
        sent / 1000, received / 1000, acked, total, unsent or unacked, unread, _memory(connection, unread),
        state != _ESTABLISHED,
    )  # fmt: skip


def _unread(connection: socket.socket) -> int:
    found = ctypes.c_int()
    if _LIBRARY is None or _LIBRARY.ioctl(connection.fileno(), ctypes.c_ulong(FIONREAD), ctypes.byref(found)):
        raise OSError
    return found.value


def _memory(connection: socket.socket, unread: int) -> int:
    # Before Linux 4.12, and in some sandboxes, what was read in order must do.
    with suppress(OSError):
        unread = _MEMORY.unpack(connection.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMORY.size))[0]
    return unread


def connections(handles: Iterable[int], port: int) -> Iterator[tuple[Key, socket.socket]]:
    """Yield those handles that are connections on a port."""
    for handle, found in _sockets(handles, port):
        with suppress(OSError):
            if not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                yield (handle, _number(found)), found


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
        self._asked, self._asked_for = select.poll(), 0

    def open(self) -> list[int]:
        """Ask the kernel which handles are open, in one call that needs no handle."""
        while True:
            limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
            limit = sys.maxsize if limit == resource.RLIM_INFINITY else limit
            self._ask_for(min(self._asked_for, limit))
            closed = {handle for handle, state in self._asked.poll(0) if state & select.POLLNVAL}
            found = [handle for handle in range(self._asked_for) if handle not in closed]
            last = found[-1] if found else 0
            if min(limit, last + _MORE_HANDLES) <= self._asked_for <= last + 3 * _MORE_HANDLES:
                return found
            self._ask_for(min(limit, last + 2 * _MORE_HANDLES))

    def _ask_for(self, number: int) -> None:
        for handle in range(self._asked_for, number):
            self._asked.register(handle, 0)
        for handle in range(number, self._asked_for):
            self._asked.unregister(handle)
        self._asked_for = number


def _sockets(handles: Iterable[int], port: int) -> Iterator[tuple[int, socket.socket]]:
    """Yield those handles that are sockets on a port."""
    for handle in handles:
        with suppress(OSError), socket_of(handle) as found:
            if found.getsockname()[1:2] == (port,):
                yield handle, found


def _number(connection: socket.socket) -> int:
    try:
        found: int = _COOKIE.unpack(connection.getsockopt(socket.SOL_SOCKET, _SO_COOKIE, _COOKIE.size))[0]
    except OSError:
        return os.fstat(connection.fileno()).st_ino
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
        return _number(found) == key[1]
    return False


def discard(key: Key) -> int:
    """End a connection that still is the same, and return how many bytes that was received on it are gone.

    The server may close the handle at the same moment, and open another connection: one that has just begun ends then.
    """
    if _LIBRARY is None or not is_open(key):
        return 0
    _LIBRARY.shutdown(key[0], socket.SHUT_RDWR)
    gone: int = _LIBRARY.recv(key[0], None, ctypes.c_size_t(_ALL), socket.MSG_TRUNC | socket.MSG_DONTWAIT)
    return max(0, gone)

"""The wait for request bodies: who sends slowly may not keep others waiting, and large bodies come a few at a time.

The server reads a body within the thread that answers, and nothing there can end such a read but the end of its
connection. So the connections of those who are overdue are looked up, and shut.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from math import inf
from pathlib import Path
from threading import BoundedSemaphore, Thread, get_ident
from time import monotonic, sleep
from typing import Any

from api.errors import ApiError

LARGE = 1 << 18
MOST_LARGE = 2
"""Each may grow to twenty times its size while it is parsed, and to fifty if that is what it was made for."""
LARGE_SECONDS = 5.0
CROWDED_SECONDS = 1.0
_LOOK_EVERY = 0.2
# Where struct tcp_info has the milliseconds since data was last sent, and last received.
_TIMES = "44xI4xI"
# A hundred-continue is sent a moment after the wait began.
_TOLERANCE = 0.02


Waiting = tuple[float, str]
"""Since when a thread reads a body, and from which address."""


class Bodies:
    """Who waits for a body at this moment."""

    def __init__(self, threads: int, seconds: float) -> None:
        self._threads, self._seconds = threads, seconds
        self._waiting: dict[int, Waiting] = {}
        self._room = BoundedSemaphore(MOST_LARGE)
        self._crowded_at = -inf

    def read(self, environ: Mapping[str, Any], size: int) -> bytes:
        """Return so many bytes of the body, or fewer if the caller ends before."""
        # As below, but that every request comes this way, and a generator costs it half a microsecond.
        thread = get_ident()
        self._waiting[thread] = monotonic(), environ.get("REMOTE_ADDR", "")
        try:
            content: bytes = environ["wsgi.input"].read(size)
            return content
        finally:
            del self._waiting[thread]

    @contextmanager
    def reading(self, environ: Mapping[str, Any]) -> Iterator[None]:
        """Count what is done within as the wait for a body."""
        thread = get_ident()
        self._waiting[thread] = monotonic(), environ.get("REMOTE_ADDR", "")
        try:
            yield
        finally:
            del self._waiting[thread]

    @contextmanager
    def room(self, *, large: bool) -> Iterator[None]:
        """Let a few large bodies be in memory at once; the next one waits its turn for a moment."""
        if not large:
            yield
            return
        if not self._room.acquire(timeout=LARGE_SECONDS):
            raise ApiError(503, "busy", f"{MOST_LARGE} large bodies are being answered already; try again")
        try:
            yield
        finally:
            self._room.release()

    def overdue(self) -> list[Waiting]:
        """Return who has waited too long: for the time limit, or a moment when hardly a thread is left for others."""
        waiting = sorted(self._waiting.copy().values())
        spare = max(1, self._threads // 8)
        if crowded := len(waiting) > self._threads - 1 - spare:
            self._crowded_at = monotonic()
        limit = monotonic() - (CROWDED_SECONDS if crowded else self._seconds)
        return [(since, address) for since, address in waiting if since < limit]

    def crowded_since(self, moment: float) -> bool:
        """Tell whether there was a time since then when others had to wait for those who send slowly."""
        return self._crowded_at >= moment

    def watch(self, port: int, tell: Callable[[int], None]) -> None:
        """End the connections of those who are overdue, from now on."""
        if sys.platform == "linux":
            Thread(target=self._watch, args=(port, tell), name="bodies", daemon=True).start()

    def _watch(self, port: int, tell: Callable[[int], None]) -> None:
        while True:
            sleep(_LOOK_EVERY)
            if self._waiting and (overdue := self.overdue()):
                found = dict(_unanswered(port, overdue))
                # Who waits in a queue has sent all; who drips is ended once nobody is silent.
                silent = [handle for handle, quiet in found.items() if quiet]
                if ended := sum(map(_hang_up, silent or found)):
                    tell(ended)


def _unanswered(port: int, overdue: list[Waiting]) -> Iterator[tuple[int, bool]]:
    """Give the file handles of connections from the same addresses that were sent nothing for as long as these wait.

    Beside each stands whether nothing came from there either. One that idles between two requests for so long looks
    alike, and may be ended at any time as well.
    """
    waited = {address: monotonic() - since - _TOLERANCE for since, address in overdue}
    for place in Path("/proc/self/fd").iterdir():
        handle = int(place.name)
        with suppress(OSError), _borrowed(handle) as connection:
            if connection.getsockname()[1:2] != (port,):
                continue
            waits = waited.get(connection.getpeername()[0])
            told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, struct.calcsize(_TIMES))
            sent, received = (milliseconds / 1000 for milliseconds in struct.unpack(_TIMES, told))
            if waits is not None and sent > waits:
                yield handle, received > waits


def _hang_up(handle: int) -> bool:
    """Let the server read the end of a connection; what it has to say is still sent."""
    with suppress(OSError), _borrowed(handle) as connection:
        connection.shutdown(socket.SHUT_RD)
        return True
    return False


@contextmanager
def _borrowed(handle: int) -> Iterator[socket.socket]:
    """Give the socket behind a file handle, which stays whose it is."""
    connection = socket.socket(fileno=handle)
    try:
        yield connection
    finally:
        connection.detach()

"""Unread bodies: what the kernel has received of requests that no thread has taken yet.

The server accepts every connection, and its callers send while their requests wait for a thread. Those who hang up free
nothing: the kernel keeps what they sent until a thread takes the request. All of it together has a limit.
"""

from __future__ import annotations

from dataclasses import dataclass

from api.limits.kernel_connections import Counts, Key, discard

_SMALLEST = 1 << 14
"""Memory for a request of a few rows is less: nothing would be gained."""


@dataclass(slots=True, frozen=True)
class _Unread:
    key: Key
    size: int
    has_left: bool
    since: float


class UnreadBodies:
    """Counts what was not read, and discards what is too much."""

    def __init__(self, max_bytes: int) -> None:
        self.is_full = False
        self._max_bytes = max_bytes
        self._found: list[_Unread] = []

    def add(self, key: Key, counts: Counts, since: float) -> None:
        """Count a connection that was opened at some moment."""
        if counts.memory >= _SMALLEST:
            self._found.append(_Unread(key, counts.memory, counts.has_left, since))

    def discard_excess(self) -> int:
        """End connections until half of the limit is left, and return how many: who has left first, then the newest."""
        found, self._found = self._found, []
        size, ended = sum(each.size for each in found), 0
        self.is_full = size > self._max_bytes
        if self.is_full:
            for each in sorted(found, key=lambda each: (not each.has_left, -each.since)):
                if size <= self._max_bytes // 2:
                    break
                if discard(each.key):
                    size -= each.size
                    ended += 1
        return ended

"""The memory budget: how many bytes all requests together may need at the same time.

It is what the process's memory limit leaves. What a request needs is estimated from above before it is spent: from the
number of values in its body (request_cost), and from the number of values in its answers. Requests wait a moment for
others to finish, and get 503 if they do not; a request that could never fit gets 413.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Condition
from time import monotonic

from api.errors import ApiError
from api.limits.waiting_room import WaitingRoom

MAX_WAIT_SECONDS = 5.0
"""How long a request may wait for memory."""
UNLIMITED = 1 << 30
"""The budget of a process without a memory limit."""
_CEILING = 0.9
"""The share of the limit that the process may reach; the rest is for what nobody counts, such as fragments."""
_RESERVE = 40 << 20
"""What the process needs beside requests, and not yet at its start: compiled forms, threads, connections, metrics."""
_SMALLEST = 24 << 20


class MemoryBudget:
    """Bytes that requests take before they need them, and give back at their end."""

    def __init__(self, size: int, waiting: WaitingRoom) -> None:
        self.size = size
        self._free, self._waiting = size, waiting
        self._changed = Condition()

    def acquire(self, cost: int, *, before: int = 0, wait: float = MAX_WAIT_SECONDS) -> None:
        """Take bytes, waiting for others to give some back; raise a 413 or a 503 if that cannot be.

        before is how many bytes the same request has taken already.
        """
        if before + cost > self.size:
            raise ApiError(
                413, "too_much_memory",
                f"the request needs about {megabytes(before + cost)} of memory, more than the {megabytes(self.size)} "
                "that this server has for requests; send fewer rows at a time",
            )  # fmt: skip
        with self._changed:
            if cost > self._free:
                with self._waiting:
                    self._wait_for(cost, monotonic() + wait)
            self._free -= cost

    def _wait_for(self, cost: int, end: float) -> None:
        while cost > self._free:
            if not self._changed.wait(max(0.0, end - monotonic())) and cost > self._free:
                raise ApiError(503, "busy", "other requests use the server's memory; try again in a moment")

    def release(self, cost: int) -> None:
        """Give bytes back."""
        with self._changed:
            self._free += cost
            self._changed.notify_all()

    @property
    def used(self) -> int:
        """Return how many bytes are taken."""
        return self.size - self._free


def budget_size(limit: int | None, resident: int) -> int:
    """Return the budget for a memory limit, of which the process uses some already."""
    if limit is None:
        return UNLIMITED
    return max(_SMALLEST, int(limit * _CEILING) - resident - _RESERVE)


def resident_memory() -> int:
    """Return how much memory this process uses."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    sizes: Mapping[str, str] = dict(line.split(":", 1) for line in lines)
    return int(sizes.get("VmRSS", "0 kB").split()[0]) << 10


def megabytes(size: int) -> str:
    """Return a size as text."""
    return f"{max(1, size >> 20):,} MiB"

"""How many requests may be in flight so that those which are taken stay quick, found from the CPU time of a request.

All requests of a process share its interpreter, so that what is in flight, times the CPU time of one, is about how long
the last of them takes. Above the limit new ones are refused, at once and before their bodies are read.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from threading import Thread
from time import monotonic, process_time, sleep

TARGET_SECONDS = 0.06
"""What is in flight may need so much CPU time."""
LEAST = 8
"""So many are always taken: fewer would leave the CPU idle while bodies arrive."""
SAMPLE_SECONDS = 0.02
_RECENT_SECONDS = 0.1
_KEPT = 0.99
"""The share of what was measured before that each sample leaves: half of it is gone after 1.4 busy seconds."""


class CpuLimit:
    """Measures the CPU time of a request, and limits the requests in flight by it."""

    def __init__(self, in_flight: Callable[[], int], reading: Callable[[], int], arrived: Callable[[], int]) -> None:
        self.limit = inf
        self.last_refusal = -inf
        self._in_flight, self._reading, self._arrived = in_flight, reading, arrived
        self._refused = 0
        self._cpu, self._taken = 0.0, 0.0
        self._last_cpu, self._last_taken = 0.0, 0

    def is_full(self, *, has_body: bool) -> bool:
        """Return whether more requests are in flight than the limit, the one that asks among them.

        Who waits for a body needs no CPU, and must not keep others out. But while even requests that have their bodies
        are refused, no more bodies are read than will be answered.
        """
        running = self._in_flight() - self._reading()
        if running > self.limit:
            self.last_refusal = monotonic()
        elif has_body or self._in_flight() <= 2 * self.limit or monotonic() - self.last_refusal > _RECENT_SECONDS:
            return False
        self._refused += 1
        return True

    def sample(self, cpu: float, taken: int) -> None:
        """Record the process's CPU time and how many requests it has taken, both since its start."""
        # An idle process needs a little CPU time as well, which is no request's.
        if self._in_flight() > self._reading() or taken > self._last_taken:
            self._cpu = self._cpu * _KEPT + cpu - self._last_cpu
            self._taken = self._taken * _KEPT + taken - self._last_taken
            self.limit = max(LEAST, TARGET_SECONDS * self._taken / self._cpu) if self._taken >= 1 else inf
        self._last_cpu, self._last_taken = cpu, taken

    def start(self) -> None:
        """Measure in the background."""
        Thread(target=self._run, name="cpu-limit", daemon=True).start()

    def _run(self) -> None:
        samples = 0
        while True:
            sleep(SAMPLE_SECONDS)
            # To ask for the number of a request takes one.
            samples += 1
            self.sample(process_time(), self._arrived() - samples - self._refused)

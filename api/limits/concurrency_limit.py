"""How many requests may be in flight so that those which are taken stay quick, found from the CPU time of a request.

All requests of a process share its interpreter, so that what is in flight, times the CPU time of one, is about how long
the last of them takes. Above the limit new ones are refused at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf
from time import monotonic

TARGET_SECONDS = 0.06
"""What is in flight may need so much CPU time."""
LEAST = 8
"""So many are always taken: with fewer, the CPU would wait for bodies, and few callers for nothing."""
SAMPLED = 15
"""One request in sixteen is measured: that whose number has none of these bits."""
_KEPT, _ENOUGH = 32, 4
"""Samples that make the mean, and how many there must be."""
_RECENT_SECONDS = 0.1


class ConcurrencyLimit:
    """Knows the CPU time of a request, and limits the requests in flight by it."""

    def __init__(self, in_flight: Callable[[], int], reading: Callable[[], int], *, enabled: bool = True) -> None:
        self.limit = inf
        self.last_refusal = -inf
        self._in_flight, self._reading, self._enabled = in_flight, reading, enabled
        self._samples: deque[float] = deque(maxlen=_KEPT)

    def record(self, seconds: float) -> None:
        """Record the CPU time of one request."""
        samples = self._samples
        samples.append(seconds)
        if self._enabled and len(samples) >= _ENOUGH:
            # Without the longest, which may be the one that opened the model.
            mean = (sum(samples) - max(samples)) / (len(samples) - 1)
            self.limit = max(LEAST, TARGET_SECONDS / mean) if mean > 0 else inf

    def is_exceeded(self, *, has_body: bool) -> bool:
        """Return whether more requests are in flight than the limit, the one that asks among them.

        Who waits for a body needs no CPU, and must not keep others out. But while even requests that have their bodies
        are refused, no more bodies are read than will be answered.
        """
        running = self._in_flight() - self._reading()
        if running > self.limit:
            self.last_refusal = monotonic()
            return True
        crowded = not has_body and self._in_flight() > 2 * self.limit
        return crowded and monotonic() - self.last_refusal < _RECENT_SECONDS

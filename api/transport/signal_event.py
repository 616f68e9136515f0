"""An event for the main thread to wait for while signals set it."""

from __future__ import annotations

from math import inf
from threading import Event
from time import monotonic

MAX_DELAY_SECONDS = 0.1
"""A signal has its effect after this time at the latest."""


class SignalEvent(Event):
    """An event that notices a signal which the kernel gave to another thread.

    Python runs a signal's handler in the main thread alone. On a busy machine the kernel may give the signal to another
    thread; then nothing wakes the main thread, and without a look now and then the signal would have no effect.
    """

    def set(self) -> None:
        """Set the event without its lock: the thread that a signal's handler interrupts may hold it."""
        self._flag = True

    def wait(self, timeout: float | None = None) -> bool:
        """Return whether the event is set, at the latest after so many seconds."""
        end = inf if timeout is None else monotonic() + timeout
        while not self.is_set() and (left := end - monotonic()) > 0:
            super().wait(min(left, MAX_DELAY_SECONDS))
        return self.is_set()

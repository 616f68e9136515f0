"""Draining: before the server stops listening, clients are sent elsewhere while requests are still answered."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from threading import Event, Lock, Thread
from time import monotonic, sleep

from api.pipeline.service import ServerState
from api.settings import Settings

RECOVERY_SECONDS = 15.0
"""A drain on request is taken back unless the process is ended within DRAIN_TIMEOUT_SECONDS and these."""


class Draining:
    """The drains of one process: on request, as a hook before its end, and at its end."""

    def __init__(self, state: ServerState, settings: Settings, log: Callable[..., None]) -> None:
        self._state, self._settings, self._log = state, settings, log
        self._lock = Lock()
        self._ending = self._watched = False
        self._recover_at = -inf

    def end(self, interrupt: Event) -> str:
        """Drain for good, as the process ends."""
        with self._lock:
            self._ending = True
            self._state.draining = True
        return self._wait(interrupt, -inf)

    def on_request(self, interrupt: Event) -> str:
        """Drain because the process is about to be ended; if it is not, the drain is taken back."""
        now = monotonic()
        with self._lock:
            self._recover_at = now + self._settings.drain_timeout_seconds + RECOVERY_SECONDS
            self._state.draining = True
            begins, self._watched = not self._watched, True
        if begins:
            self._log("info", "drain_started")
            Thread(target=self._recover, name="drain-recovery", daemon=True).start()
        # Idle counts from the moment at which responses first send clients elsewhere.
        return self._wait(interrupt, now)

    def _wait(self, interrupt: Event, since: float) -> str:
        """Return when the server is idle, or is interrupted, or at the timeout."""
        end = monotonic() + self._settings.drain_timeout_seconds
        while (now := monotonic()) < (
            idle_at := max(self._state.last_request, since) + self._settings.drain_idle_seconds
        ):
            if now >= end:
                return "timeout"
            if interrupt.wait(min(idle_at, end) - now):
                return "interrupted"
        return "idle"

    def _recover(self) -> None:
        """Serve on as before if nothing ends the process by the time of recovery."""
        while (left := self._recover_at - monotonic()) > 0:
            sleep(left)
        with self._lock:
            self._watched = False
            if self._ending:
                return
            self._state.draining = False
        self._log("warning", "drain_taken_back")

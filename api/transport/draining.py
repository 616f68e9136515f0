"""Draining: before the server stops listening, clients are sent elsewhere while requests are still answered."""

from __future__ import annotations

from math import inf
from threading import Event
from time import monotonic

from api.pipeline.service import ServerState
from api.settings import Settings


def drain(state: ServerState, settings: Settings, interrupt: Event, *, since: float = -inf) -> str:
    """Tell clients to reconnect elsewhere, and return when the server is idle, or is interrupted, or at the timeout.

    Idle time counts from the last request, or from a later moment at which responses first send clients elsewhere.
    """
    state.draining = True
    start = monotonic()
    while (now := monotonic()) - start < settings.drain_timeout_seconds:
        idle_at = max(state.last_request, since) + settings.drain_idle_seconds
        if now >= idle_at:
            return "idle"
        if interrupt.wait(min(idle_at, start + settings.drain_timeout_seconds) - now):
            return "interrupted"
    return "timeout"

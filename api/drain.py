"""Before a server closes its door: every client is told to go elsewhere, and who still comes is answered."""

from __future__ import annotations

from math import inf
from threading import Event
from time import monotonic

from api.service import State
from api.settings import Settings


def drain(state: State, settings: Settings, stop: Event, *, since: float = -inf) -> str:
    """Tell every client to go elsewhere, and return when nobody has come for a while, or when told to stop.

    The while is counted from the last request, or from a later moment where nobody may have heard of it yet.
    """
    state.draining = True
    started = monotonic()
    while (now := monotonic()) - started < settings.drain_cap:
        quiet_until = max(state.last_request, since) + settings.drain_quiet
        if now >= quiet_until:
            return "quiet"
        if stop.wait(min(quiet_until, started + settings.drain_cap) - now):
            return "stopped"
    return "cap"

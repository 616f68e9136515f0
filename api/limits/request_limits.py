"""All limits of one service: who may ask, how much memory requests take, how long callers may take."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

from api.limits.allocator import return_freed_memory
from api.limits.api_keys import ApiKeys
from api.limits.concurrency_limit import ConcurrencyLimit
from api.limits.document_queue import DocumentQueue
from api.limits.large_request_slots import LargeRequestSlots
from api.limits.large_responses import LARGE_RESPONSE, LargeResponses, Pieces
from api.limits.load_shedding import LoadShedder
from api.limits.memory_budget import MemoryBudget, budget_size, resident_memory
from api.limits.request_bodies import RequestBodies
from api.limits.slow_connections import SlowConnections
from api.limits.unread_bodies import UnreadBodies
from api.limits.waiting_room import WaitingRoom
from api.settings import Settings
from model.control_groups import memory_limit

_WAITING = 4
"""One thread in so many may wait for other requests to finish."""
_UNREAD_DIVISOR = 4
"""What the kernel holds of bodies that no thread reads may be one part in so many of the memory budget."""
_TRIMMED = 8 << 20
"""After a request that took more bytes, free memory goes back to the system before another may use it."""


class RequestLimits:
    """The limits that every request passes."""

    def __init__(self, settings: Settings, in_flight: Sized) -> None:
        self._settings = settings
        self.keys = ApiKeys(settings.api_keys)
        self.needs_key = bool(settings.api_keys)
        waiting = WaitingRoom(max(1, settings.threads // _WAITING))
        self.budget = MemoryBudget(budget_size(memory_limit(), resident_memory()), waiting)
        self.bodies = RequestBodies(settings.max_body_size, self.budget, waiting)
        shedding = settings.max_queue_seconds > 0
        cpu = ConcurrencyLimit(lambda: len(in_flight), lambda: self.bodies.reading, enabled=shedding)
        self.load = LoadShedder(settings.max_queue_seconds, cpu)
        self.documents = DocumentQueue()
        self.large = LargeRequestSlots(waiting)
        self._responses = LargeResponses()

    def release_memory(self, taken: int, body: bytes) -> Pieces | None:
        """Give a request's memory back; a large response keeps its share until it is sent in the returned pieces."""
        if taken > _TRIMMED:
            return_freed_memory()
        if len(body) <= LARGE_RESPONSE:
            self.budget.release(taken)
            return None
        kept = 2 * len(body)
        self.budget.release(taken)
        self.budget.acquire(kept, wait=0)
        return self._responses.pieces(body, lambda: self.budget.release(kept))

    def start(self, host: str, max_connections: int, log: Any) -> None:
        """Measure the queue wait, and close slow connections, in the background."""
        settings = self._settings
        connections = SlowConnections(
            lambda: self.bodies.reading, lambda: self._responses.sending, self.bodies.oldest, settings.threads,
            max_connections, receive_timeout=settings.body_timeout_seconds,
            send_timeout=settings.send_timeout_seconds, unread=UnreadBodies(self.budget.size // _UNREAD_DIVISOR),
        )  # fmt: skip
        connections.start(
            settings.port, lambda slow, unread: log("warning", "connections_closed", slow=slow, unread=unread)
        )

        def report(begins: bool) -> None:  # noqa: FBT001 - called by position
            log("warning", "overload_started" if begins else "overload_ended")

        self.load.start(host, settings.port, report)

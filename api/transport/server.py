"""The granian server within this process: one process for each pod, a few blocking threads, no parent process."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from signal import SIGINT
from threading import Event
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

from api.limits.memory_budget import UNLIMITED
from api.settings import Settings
from api.transport import granian_internals
from api.transport.addresses import loopback_address, wait_until_listening
from api.transport.granian_internals import ThreadedServer
from api.transport.signal_event import SignalEvent
from model.control_groups import memory_limit

MAX_CONNECTIONS = 4096
CONNECTION_BYTES = 256 << 10
"""So much of a memory limit for each connection: its head, and what the kernel keeps of its bodies and responses."""
MAX_HEAD_BYTES = 32 << 10
HEAD_TIMEOUT_SECONDS = 10
"""A connection whose head never ends holds MAX_HEAD_BYTES so long: all of them, an eighth of a pod's memory."""
IDLE_THREAD_SECONDS = 10
OTHER_FILES = 64
"""Open files that are no connections of the main port, those of the admin port among them."""


class DrainingServer(ThreadedServer):
    """A server that reports when it listens, and drains before it ends."""

    def __init__(
        self, *args: Any, on_listening: Callable[[], None], drain: Callable[[Event], object], **settings: Any
    ) -> None:
        super().__init__(*args, **settings)
        self._on_listening, self._drain, self._interrupt_drain = on_listening, drain, SignalEvent()
        self.main_loop_interrupt = SignalEvent()

    def startup(self, spawn_target: Any, target_loader: Any) -> None:
        """Start, and report when the server listens."""
        super().startup(spawn_target, target_loader)  # type: ignore[no-untyped-call]
        wait_until_listening(loopback_address(self.bind_addr), self.bind_port)
        try:
            self._on_listening()
        except BaseException:
            # The worker's thread would keep a process alive that no signal ends.
            super().shutdown()  # type: ignore[no-untyped-call]
            raise

    def signal_handler_interrupt(self, number: int, *_: Any) -> None:
        """Drain at the first SIGTERM; end at once at Ctrl-C or a second signal."""
        if number == SIGINT or self.interrupt_signal:
            self._interrupt_drain.set()
        super().signal_handler_interrupt()  # type: ignore[no-untyped-call]

    def shutdown(self, exit_code: int = 0) -> None:
        """Drain, then stop listening."""
        self._drain(self._interrupt_drain)
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]


def max_connections() -> int:
    """Raise the limit of open files, and return how many connections it and the memory limit allow at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(MAX_CONNECTIONS, (memory_limit() or UNLIMITED) // CONNECTION_BYTES) + OTHER_FILES
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(allowed - OTHER_FILES, OTHER_FILES // 8)


def serve(
    application: Any, settings: Settings, on_listening: Callable[[], None], drain: Callable[[Event], object]
) -> None:
    """Answer requests until a signal ends the server; the event given to drain interrupts it."""
    # Every request's environment starts as a copy of the process's, which holds nothing that a request needs.
    os.environ.clear()
    granian_internals.install()
    server = DrainingServer(
        "api",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=settings.threads,
        blocking_threads_idle_timeout=IDLE_THREAD_SECONDS,
        backpressure=max_connections(),
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_TIMEOUT_SECONDS * 1000, max_buffer_size=MAX_HEAD_BYTES),
        websockets=False,
        log_enabled=False,
        on_listening=on_listening,
        drain=drain,
    )
    server.serve(target_loader=lambda *_: application, wrap_loader=False)

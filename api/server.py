"""granian in this very process: one process a pod, a few blocking threads, and no parent that only waits."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Callable
from contextlib import suppress
from signal import SIGINT
from threading import Event
from time import monotonic, sleep
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server import mt
from granian.wsgi import _callback_wrapper

from api.settings import Settings

MOST_CONNECTIONS = 4096
HEAD_BYTES = 32 << 10
HEAD_SECONDS = 10
"""Who sends no more than half a head costs these bytes for this time: all together, half of a pod's memory."""
OTHER_FILES = 64
"""The admin port's connections among them."""


class OneProcess(mt.MTServer):
    """The threaded server that granian keeps for free-threaded Pythons; with one worker it is right for any."""

    def __init__(
        self, *args: Any, when_listening: Callable[[], None], before_closing: Callable[[Event], object], **settings: Any
    ) -> None:
        super().__init__(*args, **settings)
        self._when_listening, self._before_closing, self._at_once = when_listening, before_closing, Event()

    def startup(self, spawn_target: Any, target_loader: Any) -> None:
        """Tell when the door is open."""
        super().startup(spawn_target, target_loader)  # type: ignore[no-untyped-call]
        knock(door(self.bind_addr), self.bind_port)
        self._when_listening()

    def signal_handler_interrupt(self, number: int, *_: Any) -> None:
        """Take the cluster's signal as a wish to leave in good order, and Ctrl-C or a second signal as one to leave."""
        if number == SIGINT or self.interrupt_signal:
            self._at_once.set()
        super().signal_handler_interrupt()  # type: ignore[no-untyped-call]

    def shutdown(self, exit_code: int = 0) -> None:
        """Close the door, once those who still come through it know of another."""
        self._before_closing(self._at_once)
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]

    def _check_gil(self) -> None:
        """Allow what granian forbids because several workers would fight for the lock; here is one."""


def door(host: str) -> str:
    """Return the address under which this machine itself reaches what listens on a host."""
    return "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104


def knock(host: str, port: int, seconds: float = 5.0) -> None:
    """Return once somebody listens: granian's worker opens the door a moment after it was started."""
    until = monotonic() + seconds
    while monotonic() < until:
        with suppress(OSError), socket.create_connection((host, port), timeout=1):
            return
        sleep(0.001)


def port_is_free(host: str, port: int) -> bool:
    """Tell whether a port can be listened on: granian itself would share it in silence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def direct(application: Any, options: dict[str, Any], log_format: Any = None) -> Callable[[Any, Any], int]:
    """Return granian's callback for an application, but that a lane's reply goes straight to the connection.

    granian makes a WSGI environment, a response and a status line of every request, a tenth of what one costs; what
    it hands in has everything already that the lane looks at.
    """
    wsgi: Callable[[Any, Any], int] = _callback_wrapper(application, options, log_format)
    quick = getattr(application, "quick", None)
    if quick is None:
        return wsgi

    def answer(connection: Any, scope: dict[str, Any]) -> int:
        reply = quick(scope)
        if reply is None:
            return wsgi(connection, scope)
        status: int = reply.status
        connection.response_bytes(status, reply.headers, reply.body)
        return status

    return answer


def connections() -> int:
    """Return how many connections may be open at once, with as many files allowed as there can be.

    granian itself would leave the next one waiting when there are a thousand, though none of them asks anything.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + OTHER_FILES
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(allowed - OTHER_FILES, OTHER_FILES // 8)


def serve(
    application: Any, settings: Settings, when_listening: Callable[[], None], before_closing: Callable[[Event], object]
) -> None:
    """Answer requests until a signal says to stop; the event handed on cuts short what is done before the end."""
    # Every request's environment starts as a copy of the process's, which holds nothing that a request needs.
    os.environ.clear()
    server = OneProcess(
        "api",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=settings.threads,
        backpressure=connections(),
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=HEAD_BYTES),
        websockets=False,
        log_enabled=False,
        when_listening=when_listening,
        before_closing=before_closing,
    )
    vars(mt)["_wsgi_call_wrap"] = direct  # there is no public place for it
    server.serve(target_loader=lambda *_: application, wrap_loader=False)

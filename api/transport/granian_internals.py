"""The only uses of private symbols of granian: its WSGI callback is replaced, and a check of its server left out.

For each request granian makes a WSGI environment, a response and a status line, which costs 1.3 microseconds. What
it passes in already holds all that the fast path needs. docs/decisions/0001 has the reason and the measured gain;
tests/api/transport/test_granian_internals.py fails if granian changes what is used here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from granian.server import mt
from granian.server.mt import MTServer
from granian.wsgi import _callback_wrapper as granian_callback

Callback = Callable[[Any, Any], int]
HOOK = "_wsgi_call_wrap"
"""The name under which granian's threaded server looks up the function that makes a callback."""


class ThreadedServer(MTServer):
    """The threaded server that granian has for free-threaded Pythons; with one worker it suits any Python."""

    def _check_gil(self) -> None:
        """Allow what granian forbids because several workers would compete for the interpreter lock; here is one."""


def install() -> None:
    """Let granian's threaded server make its callbacks with make_callback."""
    if HOOK not in vars(mt):
        raise RuntimeError(f"this version of granian has no {HOOK}; see docs/decisions/0001")
    vars(mt)[HOOK] = make_callback


def make_callback(application: Any, options: dict[str, Any], log_format: Any = None) -> Callback:
    """Return granian's callback for an application, except that its fast path responds to the connection directly."""
    wsgi: Callback = granian_callback(application, options, log_format)
    respond = getattr(application, "respond", None)
    if respond is None:
        return wsgi

    def callback(connection: Any, scope: dict[str, Any]) -> int:
        response = respond(scope)
        if response is None:
            return wsgi(connection, scope)
        status: int = response.status
        if response.pieces is None:
            connection.response_bytes(status, response.headers, response.body)
        else:
            connection.response_iter(status, response.headers, response.pieces)
        return status

    return callback

"""What WSGI leaves to an application: status lines, and an application that is made on its first request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from threading import Lock
from typing import Any

WsgiApplication = Callable[[dict[str, Any], Any], Iterable[bytes]]
STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class LazyApplication:
    """A WSGI application that is made on its first request: Flask costs a start 90 ms, and scoring rarely needs it."""

    def __init__(self, make: Callable[[], WsgiApplication]) -> None:
        self._make, self._lock = make, Lock()
        self._made: WsgiApplication | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        if self._made is None:
            with self._lock:
                self._made = self._made or self._make()
        return self._made(environ, start_response)

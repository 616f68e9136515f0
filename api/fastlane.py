"""A well-formed request for a known path is answered before Flask is asked; everything else falls through to it.

The lane skips what Flask does around a view, and nothing of what we do: the same endpoint, key check, errors,
counts and request id. A property test holds the two ways to the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Any

from api.bodies import LARGE
from api.dialects import Reply, Request
from api.service import Ask, Endpoint, Service
from api.wsgi import STATUS

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
Lane = dict[str, tuple[Endpoint, Ask]]
_NONE: Lane = {}


class FastLane:
    """WSGI middleware in front of the application."""

    def __init__(self, application: Wsgi, service: Service, lanes: Mapping[str, Lane]) -> None:
        self._application, self._answer, self._lanes = application, service.answer, lanes
        self._read = service.bodies.read
        self._limit = min(service.settings.max_body, LARGE)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        reply = self.quick(environ)
        if reply is None:
            return self._application(environ, start_response)
        start_response(STATUS[reply.status], reply.headers)
        return [reply.body]

    def quick(self, environ: dict[str, Any]) -> Reply | None:
        """Return the reply to a request that is well-formed and known, or None."""
        method = environ["REQUEST_METHOD"]
        lane = self._lanes.get(environ["PATH_INFO"], _NONE).get(method)
        if lane is None:
            return None
        length = environ.get("CONTENT_LENGTH", "")
        if length.isdecimal() and (size := int(length)) <= self._limit and "HTTP_CONTENT_ENCODING" not in environ:
            body = self._read(environ, size)
            if len(body) != size:
                return None
        elif method == "GET" and not length and "HTTP_TRANSFER_ENCODING" not in environ:
            body = b""
        else:
            return None
        endpoint, ask = lane
        return self._answer(endpoint, ask, Request(body, environ), quick=endpoint.scoring)


class OnFirstUse:
    """A WSGI application that is made when it is first asked: Flask costs a start 90 ms, and scoring never needs it."""

    def __init__(self, make: Callable[[], Wsgi]) -> None:
        self._make, self._lock = make, Lock()
        self._made: Wsgi | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        if self._made is None:
            with self._lock:
                self._made = self._made or self._make()
        return self._made(environ, start_response)

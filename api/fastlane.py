"""A well-formed request for a known path is answered before Flask is asked; everything else falls through to it.

The lane skips what Flask does around a view, and nothing of what we do: the same endpoint, key check, errors,
counts and request id. A property test holds the two ways to the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Any

from api.dialects import Request
from api.service import Endpoint, Service
from api.wsgi import STATUS

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
Lane = Mapping[str, tuple[Endpoint, dict[str, str]]]
_NONE: Lane = {}


class FastLane:
    """WSGI middleware in front of the application."""

    def __init__(self, application: Wsgi, service: Service, lanes: Mapping[str, Lane]) -> None:
        self._application, self._answer, self._lanes = application, service.answer, lanes
        self._limit = service.settings.max_body

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        method = environ["REQUEST_METHOD"]
        lane = self._lanes.get(environ["PATH_INFO"], _NONE).get(method)
        if lane is not None and (body := self._body(environ, method)) is not None:
            endpoint, names = lane
            reply = self._answer(endpoint, Request(body, environ), names, quick=endpoint.scoring)
            start_response(STATUS[reply.status], reply.headers)
            return [reply.body]
        return self._application(environ, start_response)

    def _body(self, environ: dict[str, Any], method: str) -> bytes | None:
        """Return the body if nothing about it is unusual."""
        length = environ.get("CONTENT_LENGTH")
        if length is None and method == "GET" and "HTTP_TRANSFER_ENCODING" not in environ:
            return b""
        if length is None or not length.isdecimal() or "HTTP_CONTENT_ENCODING" in environ:
            return None
        size = int(length)
        if size > self._limit:
            return None
        body: bytes = environ["wsgi.input"].read(size)
        return body if len(body) == size else None


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

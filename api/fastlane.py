"""A well-formed POST on a scoring path is answered before Flask is asked; everything else falls through to it.

The lane skips what Flask does around a view, and nothing of what we do: the same endpoint, key check, errors,
counts and request id. A property test holds the two ways to the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from api.service import Endpoint, Service
from api.wsgi import STATUS, header_list, to_request

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class FastLane:
    """WSGI middleware in front of the application."""

    def __init__(self, application: Wsgi, service: Service, lanes: dict[str, tuple[Endpoint, dict[str, str]]]) -> None:
        self._application, self._service, self._lanes = application, service, lanes
        self._limit = service.settings.max_body

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        if environ["REQUEST_METHOD"] == "POST":
            lane = self._lanes.get(environ["PATH_INFO"])
            length = environ.get("CONTENT_LENGTH", "")
            if lane and length.isdecimal() and int(length) <= self._limit and "HTTP_CONTENT_ENCODING" not in environ:
                body = environ["wsgi.input"].read(int(length))
                if len(body) == int(length):
                    reply = self._service.answer(lane[0], to_request(environ, body), lane[1], quick=True)
                    start_response(STATUS[reply.status], header_list(reply))
                    return [reply.body]
        return self._application(environ, start_response)

"""The fast path: well-formed requests for known paths are answered without Flask; all others are passed on to it.

It skips what Flask does around a view, and nothing of what the service does: both build an Exchange and send the
service's response. A property test holds the two transports to equal bytes. docs/decisions/0001 has the gain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from api.errors import ApiError
from api.inference.models import Models
from api.limits.request_bodies import LARGE_BODY
from api.pipeline.exchange import NO_NAMES, Exchange
from api.pipeline.route import Route, default_model
from api.pipeline.routes import ROUTES
from api.pipeline.service import Service
from api.protocols.message import Response
from api.transport.wsgi import STATUS_LINES, WsgiApplication
from model.runtime.base import Model

Target = tuple[Route, Model | None, Mapping[str, str]]
"""A route, the model of a concrete path, and the value of each <name> of the route's path."""
Targets = dict[str, Target]
"""By method."""
_NONE: Targets = {}


class FastPath:
    """A WSGI application in front of another one."""

    def __init__(self, application: WsgiApplication, service: Service) -> None:
        self._application, self._handle = application, service.handle
        self._read = service.bodies.read_exactly
        self._max_size = min(service.settings.max_body_size, LARGE_BODY)
        self.targets = concrete_paths(service.models)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request as WSGI does."""
        response = self.respond(environ)
        if response is None:
            return self._application(environ, start_response)
        start_response(STATUS_LINES[response.status], response.headers)
        return [response.body]

    def respond(self, environ: dict[str, Any]) -> Response | None:
        """Return the response to a well-formed request for a known path, or None for any other."""
        method = environ["REQUEST_METHOD"]
        target = self.targets.get(environ["PATH_INFO"], _NONE).get(method)
        if target is None:
            return None
        route, model, names = target
        length = environ.get("CONTENT_LENGTH", "")
        if length.isdecimal() and (size := int(length)) <= self._max_size and "HTTP_CONTENT_ENCODING" not in environ:
            try:
                body = self._read(environ, size)
            except ApiError as error:
                return self._handle(Exchange(b"", environ, route=route, names=names, model=model, unreadable=error))
        elif method == "GET" and not length and "HTTP_TRANSFER_ENCODING" not in environ:
            body = b""
        else:
            return None
        return self._handle(Exchange(body, environ, route=route, names=names, model=model, sampled_log=route.scoring))


def concrete_paths(models: Models) -> dict[str, Targets]:
    """Return what the fast path answers, by path: every route for every model, but for uploads and static files."""
    found: defaultdict[str, Targets] = defaultdict(dict)
    for route in ROUTES:
        if route.upload or route.path == "/static/<name>":
            continue
        for model in models.by_name.values() if "<name>" in route.path else [models.default]:
            values = {"name": model.name, "version": model.version}
            names = {key: value for key, value in values.items() if f"<{key}>" in route.path}
            path = route.path.replace("<name>", model.name).replace("<version>", model.version)
            known = model if names or route.find_model is default_model else None
            found[path][route.method] = route, known, names or NO_NAMES
    return found

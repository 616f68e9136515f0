"""The fast path: requests for known paths are answered without Flask; all others are passed on to it.

It skips what Flask does around a view, and nothing of what the service does: both build an Exchange and send the
service's response. A property test holds the two transports to equal bytes. docs/decisions/0001 has the gain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from api.inference.models import Models
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
        self.targets = concrete_paths(service.models)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request as WSGI does."""
        response = self.respond(environ)
        if response is None:
            return self._application(environ, start_response)
        start_response(STATUS_LINES[response.status], response.headers)
        return response.pieces or [response.body]

    def respond(self, environ: dict[str, Any]) -> Response | None:
        """Return the response to a request for a known path, or None for any other."""
        target = self.targets.get(environ["PATH_INFO"], _NONE).get(environ["REQUEST_METHOD"])
        if target is None:
            return None
        route, model, names = target
        return self._handle(Exchange(b"", environ, route=route, names=names, model=model))


def concrete_paths(models: Models) -> dict[str, Targets]:
    """Return what the fast path answers, by path: every route for every model, but for static files."""
    found: defaultdict[str, Targets] = defaultdict(dict)
    for route in ROUTES:
        if route.path == "/static/<name>":
            continue
        for model in models.by_name.values() if "<name>" in route.path else [models.default]:
            values = {"name": model.name, "version": model.version}
            names = {key: value for key, value in values.items() if f"<{key}>" in route.path}
            path = route.path.replace("<name>", model.name).replace("<version>", model.version)
            known = model if names or route.find_model is default_model else None
            found[path][route.method] = route, known, names or NO_NAMES
    return found

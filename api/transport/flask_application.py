"""The Flask application: it answers what the fast path leaves to it, such as unknown paths and wrong methods."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from flask import Response as FlaskResponse
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import BaseConverter

from api.errors import ApiError
from api.pipeline.exchange import Exchange
from api.pipeline.route import Route
from api.pipeline.routes import PUBLIC_METRICS, ROUTES, unmatched
from api.pipeline.service import Service
from api.protocols.message import Response

_METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH")
_UNMATCHED = {
    404: ("not_found", "there is nothing at this path"),
    405: ("method", "this path does not take this method"),
}


class _Name(BaseConverter):
    """A path segment, without the colon of KServe's verbs."""

    regex = "[^/:]+"


def create_app(service: Service) -> Flask:
    """Return the application that answers every route of this service."""
    app = Flask(__name__, static_folder=None)
    app.url_map.converters["default"] = _Name
    # Each route has one path: a gateway's rule for it must not be passed by another way to write it.
    app.url_map.merge_slashes = False
    app.before_request(lambda: _refuse_alias(service))
    for route in (*ROUTES, PUBLIC_METRICS) if service.settings.public_metrics else ROUTES:
        app.add_url_rule(
            route.path,
            endpoint=f"{route.method} {route.path}",
            view_func=_view(service, route),
            methods=[route.method],
            provide_automatic_options=False,
        )
    app.register_error_handler(HTTPException, lambda error: _refuse_unmatched(service, error))
    return app


def _view(service: Service, route: Route) -> Any:
    def view(**names: str) -> FlaskResponse:
        return _send(service.handle(Exchange(b"", request.environ, route=route, names=names)))

    return view


def _refuse_alias(service: Service) -> FlaskResponse | None:
    """Refuse what werkzeug would take for another path: it leaves out slashes at the start, and adds a missing one."""
    path = request.environ["PATH_INFO"]
    return None if path.startswith("/") and not path.startswith("//") else _refuse_unmatched(service, NotFound())


def _refuse_unmatched(service: Service, error: HTTPException) -> FlaskResponse:
    """Refuse what no route matches: an unknown path, a wrong method."""
    status = error.code or 500
    code, message = _UNMATCHED.get(status, ("http", error.name))
    method = request.method if request.method in _METHODS else "other"
    exchange = Exchange(b"", request.environ, route=unmatched(method, request.path))
    response = _send(service.handle_unmatched(exchange, ApiError(status, code, message)))
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers["Allow"] = value
    return response


def _send(response: Response) -> FlaskResponse:
    return FlaskResponse(response.pieces or response.body, response.status, response.headers)

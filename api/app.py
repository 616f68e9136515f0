"""The Flask application: the wiring, in start-up order."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Flask, Response, request
from flask import Request as FlaskRequest
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import BaseConverter

from api import wsgi
from api.bodies import LARGE
from api.dialects import Reply, Request, score
from api.endpoints import ENDPOINTS, PUBLIC_METRICS, UPLOADS
from api.errors import ApiError
from api.service import Endpoint, Service


class _Name(BaseConverter):
    """What stands between slashes, but for the colon of KServe's verbs."""

    regex = "[^/:]+"


class _InMemory(FlaskRequest):
    """A request whose files stay in memory, as every other body does: the disk may be full, or not there to write."""

    def _get_file_stream(self, *_: Any, **__: Any) -> BytesIO:
        return BytesIO()


def create_app(service: Service) -> Flask:
    """Return the application that answers every endpoint of this service."""
    app = Flask(__name__, static_folder=None)
    app.request_class = _InMemory
    app.config["MAX_CONTENT_LENGTH"] = service.settings.max_body
    app.url_map.converters["default"] = _Name
    for endpoint in (*ENDPOINTS, PUBLIC_METRICS) if service.settings.public_metrics else ENDPOINTS:
        app.add_url_rule(
            endpoint.path,
            endpoint=f"{endpoint.method} {endpoint.path}",
            view_func=_view(service, endpoint),
            methods=[endpoint.method],
            provide_automatic_options=False,
        )
    app.register_error_handler(HTTPException, lambda failure: _refused(service, failure))
    return app


def _view(service: Service, endpoint: Endpoint) -> Any:
    def view(**names: str) -> Response:
        try:
            with service.bodies.room(large=_is_large()):
                with service.bodies.reading(request.environ):
                    asked = Request(_body(service, endpoint), request.environ)
                return _response(service.answer(endpoint, endpoint.bound(service.models, names), asked))
        except ApiError as failure:
            return _early(service, endpoint, failure)
        except RequestEntityTooLarge:
            return _early(service, endpoint, wsgi.too_large(service.settings.max_body))

    return view


def _is_large() -> bool:
    """Tell whether the body may be large: a compressed one, and one of unknown length, says nothing of it."""
    if request.method in ("GET", "HEAD"):
        return False
    length = request.content_length
    return length is None or length > LARGE or "Content-Encoding" in request.headers


def _body(service: Service, endpoint: Endpoint) -> bytes:
    if endpoint.path in UPLOADS and "multipart" in (request.content_type or ""):
        if "file" not in request.files:
            raise ApiError(400, "malformed", 'the form must have a file under the name "file"')
        content: bytes = request.files["file"].read()
        return content
    body: bytes = request.get_data(cache=False)
    announced = request.content_length or 0
    if len(body) < announced:
        raise ApiError(400, "incomplete", f"the body ended before its {announced} bytes had come")
    encoding = request.headers.get("Content-Encoding", "identity")
    return body if encoding.lower() == "identity" else wsgi.unpacked(body, encoding, service.settings.max_body)


def _early(service: Service, endpoint: Endpoint, failure: ApiError) -> Response:
    """Answer a request whose body could not even be read, by the way of all others."""

    def fail(_: Request) -> Reply:
        raise failure

    return _response(service.answer(endpoint, fail, Request(b"", request.environ)))


def _refused(service: Service, failure: HTTPException) -> Response:
    """Answer what no endpoint did: an unknown path, a wrong method."""
    status = failure.code or 500
    said = {404: "there is nothing at this path", 405: "this path does not take this method"}
    error = ApiError(status, {404: "not_found", 405: "method"}.get(status, "http"), said.get(status, failure.name))
    reply = service.unmatched(Request(b"", request.environ), _known_method(), error, _shape())
    response = _response(reply)
    for name, value in failure.get_headers():
        if name == "Allow":
            response.headers["Allow"] = value
    return response


def _shape() -> Any:
    """Return the error shape that callers of this part of the paths know."""
    if request.path.startswith(("/v1/", "/v2")):
        return lambda failure, _: {"error": failure.message}
    return score.error


def _known_method() -> str:
    return request.method if request.method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH") else "other"


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, reply.headers)

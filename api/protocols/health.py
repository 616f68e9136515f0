"""Liveness, readiness and metrics, for orchestrators, monitoring and the tutorials' clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.inference.models import Models
from api.protocols.json_codec import encode_json
from api.protocols.message import Request, Response


def constant(body: dict[str, Any], status: int = 200) -> Callable[[Models, Request], Response]:
    """Return a handler whose response is always the same."""
    content = encode_json(body)

    def handler(_: Models, __: Request) -> Response:
        return Response(content, status)

    return handler


alive = constant({"status": "alive"})
live = constant({"status": "ok"})
running = constant({"msg": "Server running"})
error = constant({"msg": "Error"}, 500)


def metrics(models: Models, request: Request) -> Response:
    """Return the metrics on the main port, if that is enabled; the admin port has them in any case."""
    from api.telemetry.prometheus import exposition  # noqa: PLC0415 - loaded at the first scrape

    body, content_type = exposition(models.metrics, request.header("HTTP_ACCEPT") or "")
    return Response(body, content_type=content_type)


def ready(models: Models, _: Request) -> Response:
    """Return the models that are ready; the server does not listen before they are loaded."""
    models.require_ready()
    return Response(encode_json({"status": "ready", "models": {name: m.version for name, m in models.by_name.items()}}))

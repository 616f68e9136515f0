"""The paths that take no body: health, names and metadata. Their examples are their present answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.inference.models import Models
from api.openapi.operation_parts import content, errors, obj, success
from api.openapi.schemas import Json
from api.protocols import health, kserve_v1
from api.protocols.json_codec import decode_json
from api.protocols.message import Request, Response
from api.protocols.open_inference import metadata
from model.runtime.base import Model

V1, V2, MLFLOW, HEALTH = "KServe V1", "Open Inference Protocol", "MLflow", "Health"
LIVE, NAMES = "Is the process alive", "List the models"
_PLAIN: dict[str, tuple[str, str, str, Callable[[Models, Request], Response]]] = {
    "/livez": ("livez", HEALTH, LIVE, health.live),
    "/readyz": ("readyz", HEALTH, "Is it ready, and with which models", health.ready),
    "/healthz": ("healthz", HEALTH, LIVE, health.live),
    "/healthcheck": ("healthcheck", HEALTH, LIVE, health.live),
    "/test": ("test", HEALTH, "Is the server running", health.running),
    "/v1/models": ("v1_models", V1, NAMES, kserve_v1.list_models),
    "/v2": ("v2_server", V2, "The server's name and extensions", metadata.server_metadata),
    "/v2/health/live": ("v2_live", V2, LIVE, metadata.server_live),
    "/v2/health/ready": ("v2_ready", V2, "Is every model ready", metadata.server_ready),
    "/v2/models": ("v2_models", V2, NAMES, metadata.list_models),
}
_OF_A_MODEL: dict[str, tuple[str, str, str, Callable[[Models, Request, str], Response]]] = {
    "/v1/models/{}": ("v1_model", V1, "Is {} ready", kserve_v1.model_ready),
    "/v2/models/{}": ("v2_model", V2, "The tensors of {}", metadata.model_metadata),
    "/v2/models/{}/ready": ("v2_model_ready", V2, "Is {} ready", metadata.model_ready),
}


def paths(models: Models) -> Json:
    """Return the paths that predict nothing, with those of each model."""
    nothing = Request(b"")
    found: Json = {}
    for path, (name, tag, summary, handler) in _PLAIN.items():
        found[path] = _get(name, tag, summary, _example(handler(models, nothing)))
    for model in models.by_name.values():
        found |= _of_a_model(models, model)
    version = {"text/plain": {"schema": {"type": "string"}, "example": models.default.version}}
    found["/version"] = _get("version", MLFLOW, "The version of the default model", version)
    found["/ping"] = _get("ping", MLFLOW, "Is the server there", {"application/json": {}})
    return found


def _of_a_model(models: Models, model: Model) -> Json:
    found = {}
    for path, (name, tag, summary, handler) in _OF_A_MODEL.items():
        shown = _example(handler(models, Request(b""), model.name))
        found[path.format(model.name)] = _get(f"{name}_{model.name}", tag, summary.format(model.name), shown, "404")
    return found


def _get(name: str, tag: str, summary: str, answers: Json, *failing: str) -> Json:
    # The server listens only when it is ready, but a proxy in front of it answers 503 before.
    statuses = (*failing, *(["503"] if "ready" in name else []))
    failures = errors("text" if tag in (V1, V2) else "service", *statuses) if statuses else {}
    responses = {**success(answers), **failures}
    return {"get": {"operationId": name, "tags": [tag], "summary": summary, "responses": responses}}


def _example(response: Response) -> Json:
    value = decode_json(response.body)
    return content(schema_of(value), {"now": value})


def schema_of(value: Any) -> Json:
    """Return a schema for values like this one."""
    if isinstance(value, dict):
        return obj({key: schema_of(each) for key, each in value.items()})
    if isinstance(value, list):
        return {"type": "array", **({"items": schema_of(value[0])} if value else {})}
    return {"type": {bool: "boolean", int: "integer", float: "number"}.get(type(value), "string")}

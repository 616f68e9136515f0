"""The paths that take no body: who asks after health, names and tensors. Their examples are what they answer now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api import health
from api.codec import decode
from api.dialects import Reply, Request, v1, v2
from api.openapi.parts import content, errors, good, obj
from api.openapi.schemas import Json
from api.scoring import Models
from model.runtime.load import Model

V1, V2, MLFLOW, HEALTH = "KServe V1", "Open Inference Protocol", "MLflow", "Health"
LIVES, NAMES = "Does the process live", "List the models"
_PLAIN: dict[str, tuple[str, str, str, Callable[[Models, Request], Reply]]] = {
    "/livez": ("livez", HEALTH, LIVES, health.live),
    "/readyz": ("readyz", HEALTH, "Is it ready, and with which models", health.ready),
    "/healthz": ("healthz", HEALTH, LIVES, health.live),
    "/healthcheck": ("healthcheck", HEALTH, LIVES, health.live),
    "/test": ("test", HEALTH, "Is the server running", health.running),
    "/v1/models": ("v1_models", V1, NAMES, v1.models_list),
    "/v2": ("v2_server", V2, "The server's name and extensions", v2.server),
    "/v2/health/live": ("v2_live", V2, LIVES, v2.live),
    "/v2/health/ready": ("v2_ready", V2, "Is every model ready", v2.ready),
    "/v2/models": ("v2_models", V2, NAMES, v2.models_list),
}
_OF_A_MODEL: dict[str, tuple[str, str, str, Callable[[Models, Request, str], Reply]]] = {
    "/v1/models/{}": ("v1_model", V1, "Is {} ready", v1.model_ready),
    "/v2/models/{}": ("v2_model", V2, "The tensors of {}", v2.metadata),
    "/v2/models/{}/ready": ("v2_model_ready", V2, "Is {} ready", v2.model_ready),
}


def paths(models: Models) -> Json:
    """Return the paths that ask no model for a prediction, each model's own among them."""
    nothing = Request(b"")
    found: Json = {}
    for path, (name, tag, summary, ask) in _PLAIN.items():
        found[path] = _get(name, tag, summary, _now(ask(models, nothing)))
    for model in models.by_name.values():
        found |= _of_a_model(models, model)
    version = {"text/plain": {"schema": {"type": "string"}, "example": models.default.version}}
    found["/version"] = _get("version", MLFLOW, "The version of the default model", version)
    found["/ping"] = _get("ping", MLFLOW, "Is the server there", {"application/json": {}})
    return found


def _of_a_model(models: Models, model: Model) -> Json:
    found = {}
    for path, (name, tag, summary, ask) in _OF_A_MODEL.items():
        shown = _now(ask(models, Request(b""), model.name))
        found[path.format(model.name)] = _get(f"{name}_{model.name}", tag, summary.format(model.name), shown, "404")
    return found


def _get(name: str, tag: str, summary: str, answers: Json, *failing: str) -> Json:
    # Nothing listens before all is ready, but what stands in front of a pod says so for it.
    statuses = (*failing, *(["503"] if "ready" in name else []))
    refused = errors("text" if tag in (V1, V2) else "ours", *statuses) if statuses else {}
    responses = {**good(answers), **refused}
    return {"get": {"operationId": name, "tags": [tag], "summary": summary, "responses": responses}}


def _now(reply: Reply) -> Json:
    value = decode(reply.body)
    return content(shaped(value), {"now": value})


def shaped(value: Any) -> Json:
    """Return a schema that this value, and those like it, fit."""
    if isinstance(value, dict):
        return obj({key: shaped(each) for key, each in value.items()})
    if isinstance(value, list):
        return {"type": "array", **({"items": shaped(value[0])} if value else {})}
    return {"type": {bool: "boolean", int: "integer", float: "number"}.get(type(value), "string")}

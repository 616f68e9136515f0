"""The OpenAPI document of what is served, made from the bundles' signatures: its examples are golden rows."""

from __future__ import annotations

from api.codec import encode
from api.dialects import Reply, Request
from api.openapi import gets, own, protocols
from api.openapi.gets import HEALTH, MLFLOW, V1, V2
from api.openapi.parts import ERROR_SCHEMAS, RESPONSES, SECURITY_SCHEMES
from api.openapi.schemas import Json, components
from api.openapi.swagger import swagger2
from api.scoring import Models

_TAGS = {
    own.TAG: "JSON in and out, for the default model.",
    V1: "The rows of any model that is served, under instances.",
    V2: "The tensors of any model that is served.",
    MLFLOW: "What an MLflow scoring server answers.",
    HEALTH: "For whoever watches the process.",
}


def serve(models: Models, _: Request) -> Reply:
    """Answer with the document."""
    return Reply(encode(document(models)))


def serve_swagger(models: Models, _: Request) -> Reply:
    """Answer with the older and smaller document, for what still reads Swagger 2.0."""
    return Reply(encode(swagger2(models)))


def document(models: Models) -> Json:
    """Return the OpenAPI 3.1 document of every path that scores or tells of health."""
    default = models.default
    schemas = dict(ERROR_SCHEMAS)
    for model in models.by_name.values():
        schemas |= components(model)
    return {
        "openapi": "3.1.0",
        "info": {"title": default.manifest.title, "version": default.version, "description": _about(models)},
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": {
            **own.paths(default),
            **protocols.paths(models),
            **gets.paths(models),
        },
        "components": {"schemas": schemas, "responses": RESPONSES, "securitySchemes": SECURITY_SCHEMES},
    }


def _about(models: Models) -> str:
    served = ", ".join(f"{name} ({model.manifest.title})" for name, model in models.by_name.items())
    return (
        f"Serves {served}; a path that names no model asks {models.default.name}. Rows come by position or by name, "
        f"at most {models.most_rows} at once; null stands for what is missing. Every example here runs."
    )

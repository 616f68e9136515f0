"""The OpenAPI document of the service, made from the signatures of its models; the examples are golden rows.

Pages that show the document do not belong here (pages).
"""

from __future__ import annotations

from functools import lru_cache

from api.inference.models import Models
from api.openapi import default_model_paths, information_paths, v1_v2_mlflow_paths
from api.openapi.information_paths import HEALTH, MLFLOW, V1, V2
from api.openapi.operation_parts import ERROR_SCHEMAS, RESPONSES, SECURITY_SCHEMES
from api.openapi.schemas import Json, components
from api.openapi.swagger2 import swagger2
from api.protocols.json_codec import encode_json
from api.protocols.message import Request, Response

_TAGS = {
    default_model_paths.TAG: "JSON in and out, for the default model.",
    V1: "The rows of any served model, under instances.",
    V2: "The tensors of any served model.",
    MLFLOW: "The protocol of MLflow's scoring server.",
    HEALTH: "Liveness and readiness of the process.",
}


def show(models: Models, _: Request) -> Response:
    """Return the document."""
    return Response(_encoded_document(models))


def show_swagger(models: Models, _: Request) -> Response:
    """Return the older and smaller document, for clients that read Swagger 2.0."""
    return Response(_encoded_swagger(models))


@lru_cache(maxsize=1)
def _encoded_document(models: Models) -> bytes:
    return encode_json(document(models))


@lru_cache(maxsize=1)
def _encoded_swagger(models: Models) -> bytes:
    return encode_json(swagger2(models))


def document(models: Models) -> Json:
    """Return the OpenAPI 3.1 document of every path that scores or reports health."""
    default = models.default
    schemas = dict(ERROR_SCHEMAS)
    for model in models.by_name.values():
        schemas |= components(model)
    return {
        "openapi": "3.1.0",
        "info": {"title": default.manifest.title, "version": default.version, "description": _about(models)},
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": {
            **default_model_paths.paths(default),
            **v1_v2_mlflow_paths.paths(models),
            **information_paths.paths(models),
        },
        "components": {"schemas": schemas, "responses": RESPONSES, "securitySchemes": SECURITY_SCHEMES},
    }


def _about(models: Models) -> str:
    served = ", ".join(f"{name} ({model.manifest.title})" for name, model in models.by_name.items())
    return (
        f"Serves {served}; paths without a model's name use {models.default.name}. Rows are given by position or by "
        f"name, at most {models.max_rows} at once; null is a missing value. Every example here runs."
    )

"""A small Swagger 2.0 document, for clients that read /apispec_1.json."""

from __future__ import annotations

from typing import Any

from api.inference.models import Models
from api.openapi.default_model_paths import paths
from api.openapi.examples import example
from api.openapi.schemas import Json, cell_schemas, row_by_name_schema
from model.runtime.base import Model

_FILE = {"name": "file", "in": "formData", "type": "file", "required": True, "description": "CSV with a header."}
_ANSWERS = {
    "200": {"description": "The answer.", "schema": {"type": "object"}},
    "400": {"description": "The request is malformed."},
    "422": {"description": "The model cannot take these rows; every fault is listed."},
}


def swagger2(models: Models) -> Json:
    """Return the tutorial's two operations and /score, for the default model."""
    model = models.default
    described = paths(model)
    parameters: dict[tuple[str, str], list[Any]] = {
        ("/predict", "get"): [_field(*each) for each in cell_schemas(model)],
        ("/predict_file", "post"): [_FILE],
        ("/score", "post"): [{"name": "body", "in": "body", "required": True, "schema": _body(model)}],
    }
    found: Json = {}
    for (path, method), given in parameters.items():
        if method in described[path]:
            found[path] = {method: _operation(described[path][method], given)}
    return {
        "swagger": "2.0",
        "info": {"title": model.manifest.title, "version": model.version},
        "basePath": "/",
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": found,
        "definitions": {"record": _plain(row_by_name_schema(model))},
    }


def _operation(operation: Json, parameters: list[Any]) -> Json:
    kept = {key: operation[key] for key in ("operationId", "tags", "summary", "description")}
    form = {"consumes": ["multipart/form-data"]} if _FILE in parameters else {}
    return {**kept, **form, "parameters": parameters, "responses": _ANSWERS}


def _field(feature: Any, schema: Json) -> Json:
    shown = _plain(schema)
    shown.pop("x-nullable", None)
    return {"name": feature.name, "in": "query", "required": True, **shown, "x-example": schema["examples"][0]}


def _body(model: Model) -> Json:
    row = {"type": "array", "items": {"$ref": "#/definitions/record"}}
    return {"type": "object", "required": ["X"], "properties": {"X": row}, "example": {"X": [example(model).named]}}


def _plain(schema: Json) -> Json:
    """Return a schema without what Swagger 2.0 lacks: null, several types, examples."""
    kept = {key: value for key, value in schema.items() if key not in ("examples", "type")}
    if "properties" in schema:
        kept["properties"] = {name: _plain(each) for name, each in schema["properties"].items()}
    if "enum" in schema:
        kept["enum"] = [each for each in schema["enum"] if each is not None]
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return {"type": types[0], **kept, **({"x-nullable": True} if "null" in types else {})}

"""The OpenAPI document of what is served, made from the bundles' signatures: its examples are golden rows."""

from __future__ import annotations

from typing import Any

from api.codec import encode
from api.dialects import Reply, Request
from api.dialects.predict import ANSWER_KEYS
from api.scoring import Models
from model.runtime import Model
from model.signature import Feature

Json = dict[str, Any]

_WANT = [
    {"name": name, "in": "query", "required": False, "schema": {"type": "boolean"}, "description": text}
    for name, text in (("proba", "Add each row's probabilities."), ("labels", "Add what people call the classes."))
]
_ERRORS = {
    "400": "The request is malformed.",
    "401": "A valid key is needed.",
    "413": "Too many bytes or rows; the text says the limit.",
    "422": "The model cannot take these rows; every fault is named.",
}
_OURS = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "request_id"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "request_id": {"type": "string"},
                "details": {"type": "array", "items": {"type": "object"}},
            },
        }
    },
}
_TEXT = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
_MLFLOW = {
    "type": "object",
    "required": ["error_code", "message"],
    "properties": {"error_code": {"type": "string"}, "message": {"type": "string"}},
}


def serve(models: Models, _: Request) -> Reply:
    """Answer with the document."""
    return Reply(encode(document(models)))


def document(models: Models) -> Json:
    """Return the document of every path that scores, and of the health paths."""
    default = models.default
    paths: Json = {
        "/score": {"post": _scoring(default, "score", "X", "score", "Rows under X", _OURS)},
        "/predict": {"post": _predict(default), "get": _query(default)},
        "/predict_file": {"post": _file(default)},
        "/invocations": {"post": _scoring(default, "invocations", "inputs", "predictions", "MLflow", _MLFLOW)},
    }
    for model in models.by_name.values():
        name = model.name
        v1 = _scoring(model, f"v1_{name}", "instances", "predictions", f"KServe V1: {name}", _TEXT)
        paths[f"/v1/models/{name}:predict"] = {"post": v1}
        paths[f"/v2/models/{name}/infer"] = {"post": _infer(model)}
        paths[f"/v2/models/{name}"] = {"get": _said(f"v2_{name}_metadata", f"The tensors of {name}")}
    for path, text in _HEALTH.items():
        paths[path] = {"get": _said(path.strip("/").replace("/", "_") or "root", text)}
    return {
        "openapi": "3.1.0",
        "info": {"title": default.manifest.title, "version": default.version, "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": {_component(model): record(model) for model in models.by_name.values()},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
        "security": [{}, {"bearer": []}, {"key": []}],
    }


_DESCRIPTION = "Rows come by position or by name, one or many; null stands for what is missing."
_HEALTH = {
    "/livez": "Does it live",
    "/readyz": "Is it ready, and with which bundles",
    "/v1/models": "The models' names",
    "/v2": "The server's name and extensions",
    "/v2/health/live": "Does it live",
    "/v2/health/ready": "Is it ready",
    "/v2/models": "The models' names",
}


def _component(model: Model) -> str:
    return f"{model.name}-row"


def record(model: Model) -> Json:
    """Return the schema of one named row."""
    features = model.signature.features
    return {
        "type": "object",
        "required": [feature.name for feature in features],
        "additionalProperties": False,
        "properties": {feature.name: value(feature) for feature in features},
    }


def value(feature: Feature) -> Json:
    """Return the schema of one value; only what the model refuses is ruled out."""
    kind = {"string": "string", "boolean": "boolean"}.get(feature.type, "number")
    shown: Json = {"type": [kind, "null"] if feature.missing else kind}
    if feature.closed:
        shown["enum"] = [*(feature.categories or ()), *([None] if feature.missing else [])]
    seen = f"training saw {feature.low:g} to {feature.high:g}" if feature.low is not None else ""
    said = ", ".join(filter(None, [feature.unit, seen]))
    return {**shown, "description": said} if said else shown


def example(model: Model) -> list[Any]:
    """Return a golden row, one without gaps if there is one."""
    rows = model.manifest.golden.rows
    return list(next((row for row in rows if None not in row), rows[0]))


def _rows(model: Model) -> Json:
    one = {"type": "array", "minItems": len(model.signature.features), "maxItems": len(model.signature.features)}
    named = {"$ref": f"#/components/schemas/{_component(model)}"}
    many = {"type": "array", "items": {"anyOf": [one, named]}}
    return {"anyOf": [one, named, many]} if len(model.signature.features) > 1 else {"type": "array"}


def _object(properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}


def _operation(name: str, text: str, answer: Json, error: Json, body: Json | None = None) -> Json:
    refused = {
        status: {"description": said, "content": {"application/json": {"schema": error}}}
        for status, said in _ERRORS.items()
    }
    good = {"200": {"description": "The answers.", "content": {"application/json": {"schema": answer}}}}
    shown: Json = {"operationId": name, "summary": text, "parameters": _WANT, "responses": {**good, **refused}}
    return {**shown, "requestBody": {"required": True, "content": body}} if body else shown


def _json(schema: Json, examples: Json) -> Json:
    return {"application/json": {"schema": schema, "examples": {name: {"value": v} for name, v in examples.items()}}}


def _scoring(model: Model, name: str, key: str, answer: str, text: str, error: Json) -> Json:
    row = example(model)
    named = dict(zip(model.signature.names, row, strict=True))
    body = _json(_object({key: _rows(model)}), {"by position": {key: [row]}, "by name": {key: [named]}})
    return _operation(name, text, _object({answer: {"type": "array"}}), error, body)


def _predict(model: Model) -> Json:
    row = example(model)
    named = dict(zip(model.signature.names, row, strict=True))
    examples: Json = {key: {key: [row]} for key in ANSWER_KEYS if not key.startswith("dataframe")}
    examples["dataframe_split"] = {"dataframe_split": {"columns": list(named), "data": [row]}}
    examples["dataframe_records"] = {"dataframe_records": [named]}
    body = _json({"type": ["object", "array"]}, {**examples, "a record": named})
    return _operation("predict", "Rows under the caller's own key", {"type": "object"}, _OURS, body)


def _query(model: Model) -> Json:
    operation = _operation("predict_query", "One row in the query", _object({"prediction": {"type": "array"}}), _OURS)
    row = example(model)
    fields = [
        {"name": f.name, "in": "query", "required": not f.missing, "schema": value(f), "example": row[place]}
        for place, f in enumerate(model.signature.features)
    ]
    return {**operation, "parameters": [*fields, *_WANT]}


def _file(model: Model) -> Json:
    row = example(model)
    text = ",".join(model.signature.names) + "\n" + ",".join(map(str, row)) + "\n"
    body = {
        "multipart/form-data": {"schema": _object({"file": {"type": "string", "format": "binary"}})},
        "text/csv": {"schema": {"type": "string"}, "examples": {"a file": {"value": text}}},
    }
    operation = _operation("predict_file", "A CSV file", _object({"predictions": {"type": "array"}}), _OURS, body)
    operation["responses"]["200"]["content"]["text/csv"] = {"schema": {"type": "string"}}
    return operation


def _infer(model: Model) -> Json:
    row = example(model)
    if model.signature.numeric:
        inputs = [{"name": "X", "shape": [1, len(row)], "datatype": "FP64", "data": row}]
    else:
        kinds = ["BYTES" if feature.type == "string" else "FP64" for feature in model.signature.features]
        inputs = [
            {"name": name, "shape": [1, 1], "datatype": kind, "data": [cell]}
            for name, kind, cell in zip(model.signature.names, kinds, row, strict=True)
        ]
    body = _json(_object({"inputs": {"type": "array"}}), {"tensors": {"inputs": inputs}})
    answer = _object({"model_name": {"type": "string"}, "outputs": {"type": "array"}})
    return _operation(f"v2_{model.name}", f"Open Inference Protocol: {model.name}", answer, _TEXT, body)


def _said(name: str, text: str) -> Json:
    return {"operationId": f"get_{name}", "summary": text, "responses": {"200": {"description": "It says so."}}}

"""The parts of an operation: bodies, answers, errors, parameters."""

from __future__ import annotations

from typing import Any

from api.openapi.schemas import Json, has_labels, ref
from model.runtime.base import Model

SECURITY: list[Json] = [{}, {"bearer": []}, {"key": []}]
SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Only if the server has keys."},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "Only if the server has keys."},
}
STATUS = {
    "400": "The request is malformed.",
    "401": "A valid key is needed.",
    "404": "No such model.",
    "405": "This path does not take this method.",
    "413": "Too many bytes or rows; the text has the limit.",
    "415": "This content type or encoding is not supported.",
    "422": "These rows do not fit the model; every fault is listed.",
    "503": "Not ready, or overloaded; Retry-After has the seconds to wait.",
}
_SCORING = ("400", "401", "405", "413", "415", "503")
# The shape of the errors, with the statuses that come in it; a wrong method is refused before the protocol is known.
FAMILIES = {
    "service": (*_SCORING, "422"),
    "predict": (*(status for status in _SCORING if status != "405"), "422"),
    "text": (*_SCORING, "404"),
    "mlflow": (*(status for status in _SCORING if status != "405"), "422"),
}

HEADER: Json = {
    "name": "header",
    "in": "query",
    "schema": {"enum": ["present", "absent"], "default": "present"},
    "description": "Whether the CSV file has a header; without one, its columns are the features by position.",
}
FILE_TEXT = (
    "The file is CSV in UTF-8. Its header names every feature, once and in any order; columns that are no feature are "
    "ignored. Without a header, the query must have header=absent."
)


def obj(properties: Json, *, required: bool = True) -> Json:
    """Return the schema of an object."""
    return {"type": "object", **({"required": list(properties)} if required else {}), "properties": properties}


def _optional(schema: Json, properties: Json) -> Json:
    return {**schema, "properties": {**schema["properties"], **properties}}


_TEXT: Json = {"type": "string"}
_FAULT = obj(
    {
        "row": {"type": ["integer", "null"], "description": "Counted from 0."},
        "feature": {"type": ["string", "null"]},
        "code": {"enum": ["shape", "width", "missing", "unknown", "type", "category", "null", "finite"]},
        "message": _TEXT,
    }
)
_CORE = obj({"code": _TEXT, "message": _TEXT, "request_id": _TEXT})
_PLACE = obj({"loc": {"type": "array", "items": {"type": ["string", "integer", "null"]}}, "msg": _TEXT})
ERROR_SCHEMAS: Json = {
    "error.service": obj({"error": _optional(_CORE, {"details": {"type": "array", "items": _FAULT}})}),
    "error.predict": obj({"message": _TEXT, "detail": {"type": "array", "items": _PLACE}, "error": _CORE}),
    "error.text": obj({"error": _TEXT}),
    "error.mlflow": obj({"error_code": {"enum": ["BAD_REQUEST", "INVALID_PARAMETER_VALUE"]}, "message": _TEXT}),
}
RESPONSES: Json = {
    f"{family}.{status}": {
        "description": STATUS[status],
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/error.{family}"}}},
    }
    for family, statuses in FAMILIES.items()
    for status in statuses
}


def errors(family: str, *statuses: str) -> Json:
    """Return an operation's error responses."""
    found = {}
    for status in sorted(statuses or {*FAMILIES[family], "405"}):
        shape = family if status in FAMILIES[family] else "service"
        found[status] = {"$ref": f"#/components/responses/{shape}.{status}"}
    return found


def options(model: Model) -> list[Json]:
    """Return the query parameters for probabilities and labels."""
    found = []
    if model.signature.proba:
        found.append(("proba", "Add each row's probabilities, in the order of the classes."))
    if has_labels(model):
        found.append(("labels", "Add the titles of the predicted classes."))
    return [{"name": name, "in": "query", "schema": {"type": "boolean"}, "description": text} for name, text in found]


def answer(model: Model, properties: Json) -> Json:
    """Return the schema of an answer, with its optional parts."""
    flags = {flag["name"]: flag for flag in options(model)}
    extra = {}
    if "proba" in flags:
        extra["probabilities"] = ref(model, "probabilities")
    if "labels" in flags:
        extra["labels"] = ref(model, "labels")
    return _optional(obj(properties), extra)


def content(schema: Json, examples: dict[str, Any], kind: str = "application/json") -> Json:
    """Return one media type of a body, with its examples by name."""
    return {kind: {"schema": schema, "examples": {name: {"value": value} for name, value in examples.items()}}}


def success(answers: Json) -> Json:
    """Return the response to a successful request."""
    return {"200": {"description": "The answer.", "content": answers}}


def operation(
    name: str,
    tag: str,
    texts: tuple[str, str],
    *,
    family: str,
    answers: Json,
    body: Json | None,
    parameters: list[Json],
) -> Json:
    """Return an operation that scores."""
    summary, description = texts
    shown: Json = {"operationId": name, "tags": [tag], "summary": summary, "description": description}
    if parameters:
        shown["parameters"] = parameters
    if body is not None:
        shown["requestBody"] = {"required": True, "content": body}
    return {**shown, "responses": {**success(answers), **errors(family)}, "security": SECURITY}

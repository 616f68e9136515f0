"""What the document's operations are made of: bodies, answers, errors, parameters."""

from __future__ import annotations

from typing import Any

from api.openapi.schemas import Json, ref, titled
from model.runtime.load import Model

SECURITY: list[Json] = [{}, {"bearer": []}, {"key": []}]
SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Only where the server has keys."},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "Only where the server has keys."},
}
STATUS = {
    "400": "The request is malformed.",
    "401": "A valid key is needed.",
    "404": "No such model.",
    "405": "This path does not take this method.",
    "413": "Too many bytes or rows; the text says the limit.",
    "415": "This content type or encoding is not taken.",
    "422": "The model cannot take these rows; every fault is named.",
    "503": "Not ready, or too busy; Retry-After says when to come again.",
}
_SCORING = ("400", "401", "405", "413", "415", "503")
# The shape of the errors, with the statuses that come in it; a method is refused before any dialect is chosen.
FAMILIES = {
    "ours": (*_SCORING, "422"),
    "predict": (*(status for status in _SCORING if status != "405"), "422"),
    "text": (*_SCORING, "404"),
    "mlflow": (*(status for status in _SCORING if status != "405"), "422"),
}


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
    "error.ours": obj({"error": _optional(_CORE, {"details": {"type": "array", "items": _FAULT}})}),
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
        shape = family if status in FAMILIES[family] else "ours"
        found[status] = {"$ref": f"#/components/responses/{shape}.{status}"}
    return found


def want(model: Model) -> list[Json]:
    """Return what may be asked for beside the predictions."""
    flags = []
    if model.signature.proba:
        flags.append(("proba", "Add each row's probabilities, in the order of the classes."))
    if titled(model):
        flags.append(("labels", "Add what people call the predicted classes."))
    return [{"name": name, "in": "query", "schema": {"type": "boolean"}, "description": said} for name, said in flags]


def answer(model: Model, properties: Json) -> Json:
    """Return the schema of an answer, with what may be asked for besides."""
    beside = {flag["name"]: flag for flag in want(model)}
    extra = {}
    if "proba" in beside:
        extra["probabilities"] = ref(model, "probabilities")
    if "labels" in beside:
        extra["labels"] = ref(model, "labels")
    return _optional(obj(properties), extra)


def content(schema: Json, examples: dict[str, Any], kind: str = "application/json") -> Json:
    """Return one media type of a body, with its examples by name."""
    return {kind: {"schema": schema, "examples": {name: {"value": value} for name, value in examples.items()}}}


def good(answers: Json) -> Json:
    """Return the response that everybody hopes for."""
    return {"200": {"description": "The answer.", "content": answers}}


def scoring(
    name: str, tag: str, said: tuple[str, str], *, family: str, answers: Json, body: Json | None, parameters: list[Json]
) -> Json:
    """Return an operation that asks a model."""
    summary, description = said
    shown: Json = {"operationId": name, "tags": [tag], "summary": summary, "description": description}
    if parameters:
        shown["parameters"] = parameters
    if body is not None:
        shown["requestBody"] = {"required": True, "content": body}
    return {**shown, "responses": {**good(answers), **errors(family)}, "security": SECURITY}

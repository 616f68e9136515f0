"""KServe's first protocol: /v1/models/NAME:predict {"instances": rows} -> {"predictions": answers}."""

from __future__ import annotations

from typing import Any

import numpy as np

from api.errors import ApiError
from api.inference.answers import Answers, Question
from api.inference.models import Models
from api.protocols import cloudevents
from api.protocols.json_codec import decode_json, encode_json
from api.protocols.message import FORM, JSON, Request, Response
from api.protocols.numeric_json import decode_rows
from api.protocols.operation import map_422_to_400
from model.runtime.base import Model

# What curl and simple clients call JSON by default.
_CONTENT_TYPES = frozenset({"", JSON, FORM, "text/plain"})


class EventQuestion(Question):
    """A question, with the event that carried it, if one did."""

    event: cloudevents.Event | None = None


def list_models(models: Models, _: Request) -> Response:
    """Return the names of the models."""
    return Response(encode_json({"models": list(models.by_name)}))


def model_ready(models: Models, _: Request, name: str) -> Response:
    """Answer that a model is ready: the server starts only with verified bundles."""
    models.require_ready()
    return Response(encode_json({"name": models.get(name).name, "ready": True}))


def decode(model: Model, request: Request) -> EventQuestion:
    """Return the rows under instances or inputs, of the body or of the event in it."""
    event = None
    if cloudevents.is_event(request):
        event, request = cloudevents.unwrap(request)
    rows = rows_of(json_of(request, model))
    if not request.environ.get("QUERY_STRING"):
        return EventQuestion(rows, event=event)
    return EventQuestion(rows, None, request.flag("proba"), request.flag("labels"), event=event)


def encode(model: Model, question: EventQuestion, answers: Answers) -> Response:
    """Return the answers under predictions, for an event as an event."""
    response = Response(encode_json(answers.under("predictions")), rows=len(answers.predictions))
    return cloudevents.wrap(question.event, response, model.name) if question.event else response


def adapt_error(error: ApiError, model: Model, question: Question) -> ApiError:
    """Return scikit-learn's message for rows of the wrong width, and a 400 for all rows that do not fit."""
    if error.code != "width":
        return map_422_to_400(error, model, question)
    width = len(model.signature.features)
    rows = question.rows
    found = next((len(row) for row in rows if isinstance(row, list) and len(row) != width), len(rows))
    estimator = model.manifest.estimator.rpartition(" ")[2]
    return error.with_status(400, f"X has {found} features, but {estimator} is expecting {width} features as input.")


def json_of(request: Request, model: Model | None = None) -> Any:
    """Return the parsed body, with rows for a model if one is given, or raise KServe's error if it is not JSON."""
    content_type = request.content_type
    if content_type not in _CONTENT_TYPES and "json" not in content_type:
        text = f"content type {content_type[:60]!r} is not supported; application/json is"
        raise ApiError(415, "content_type", text)
    try:
        return decode_json(request.body) if model is None else decode_rows(model, request.body)
    except ApiError as error:
        raise error.with_status(400, f"Unrecognized request format: {error.message}") from None


def rows_of(body: Any) -> Any:
    """Return the rows of a body; of two keys, inputs wins, as it does in KServe."""
    if not isinstance(body, dict) or not body.keys() & {"instances", "inputs"}:
        raise ApiError(400, "malformed", 'expected an object with the key "instances" or "inputs"')
    key = "inputs" if "inputs" in body else "instances"
    rows = body[key]
    if isinstance(rows, np.ndarray):
        return rows
    if not isinstance(rows, list):
        raise ApiError(400, "malformed", f'Expected "{key}" to be a list')
    return [row for item in rows for row in _rows_of_item(item)]


def _rows_of_item(item: Any) -> list[Any]:
    """Return the rows of KServe's data frame forms: a record of lists, or a list of records."""
    if isinstance(item, dict) and item and all(isinstance(value, list) for value in item.values()):
        heights = {len(value) for value in item.values()}
        if len(heights) > 1:
            raise ApiError(400, "malformed", "the lists of a record differ in length")
        if heights == {0}:
            raise ApiError(400, "malformed", "the lists of a record are empty")
        return [dict(zip(item, values, strict=True)) for values in zip(*item.values(), strict=True)]
    if isinstance(item, list) and item and all(isinstance(each, dict) for each in item):
        return item
    return [item]


def render_error(error: ApiError, _: str) -> dict[str, Any]:
    """Return the protocol's shape of an error."""
    return {"error": error.message}

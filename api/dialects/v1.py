"""KServe's first protocol: /v1/models/NAME:predict {"instances": rows} -> {"predictions": answers}."""

from __future__ import annotations

from typing import Any

from api.codec import decode, encode
from api.dialects import Reply, Request, as_bad_request, events
from api.errors import ApiError
from api.scoring import Models
from model.runtime.load import Model

# What curl and the plainest of clients say of JSON when nobody told them better.
_TAKEN = frozenset({"", "application/json", "application/x-www-form-urlencoded", "text/plain"})


def models_list(models: Models, _: Request) -> Reply:
    """Name the models."""
    return Reply(encode({"models": list(models.by_name)}))


def model_ready(models: Models, _: Request, name: str) -> Reply:
    """Tell that a model is ready: what is served at all has been proven."""
    models.require_ready()
    return Reply(encode({"name": models.get(name).name, "ready": True}))


def predict(models: Models, request: Request, name: str) -> Reply:
    """Answer rows under instances or inputs; an event with an event."""
    if events.is_event(request):
        return events.closed(request, _predict(models, events.opened(request), name), name)
    return _predict(models, request, name)


def _predict(models: Models, request: Request, name: str) -> Reply:
    model = models.get(name)
    rows = rows_of(body_of(request))
    with as_bad_request():
        try:
            scored = models.ask(model, rows, request.want)
        except ApiError as failure:
            raise _in_the_words_of_scikit_learn(failure, model, rows) from None
    return Reply(encode(scored.under("predictions")), rows=len(scored.predictions))


def body_of(request: Request) -> Any:
    """Return the parsed body, in KServe's words where it cannot be."""
    kind = request.content_type
    if kind not in _TAKEN and "json" not in kind:
        raise ApiError(415, "content_type", f"content type {kind[:60]!r} is not taken; application/json is")
    try:
        return decode(request.body)
    except ApiError as failure:
        raise ApiError(400, failure.code, f"Unrecognized request format: {failure.message}") from None


def rows_of(body: Any) -> list[Any]:
    """Return the rows of a body; of two keys, inputs wins, as it does in KServe."""
    if not isinstance(body, dict) or not body.keys() & {"instances", "inputs"}:
        raise ApiError(400, "malformed", 'expected an object with the key "instances" or "inputs"')
    key = "inputs" if "inputs" in body else "instances"
    rows = body[key]
    if not isinstance(rows, list):
        raise ApiError(400, "malformed", f'Expected "{key}" to be a list')
    return [row for item in rows for row in _of_item(item)]


def _of_item(item: Any) -> list[Any]:
    """Take KServe's data frame forms apart: a record of lists, or a list of records."""
    if isinstance(item, dict) and item and all(isinstance(value, list) for value in item.values()):
        heights = {len(value) for value in item.values()}
        if len(heights) > 1:
            raise ApiError(400, "malformed", "the lists of a record differ in length")
        return [dict(zip(item, values, strict=True)) for values in zip(*item.values(), strict=True)]
    if isinstance(item, list) and item and all(isinstance(each, dict) for each in item):
        return item
    return [item]


def _in_the_words_of_scikit_learn(failure: ApiError, model: Model, rows: list[Any]) -> ApiError:
    if failure.code != "width":
        return failure
    width = len(model.signature.features)
    given = next((len(row) for row in rows if isinstance(row, list) and len(row) != width), len(rows))
    estimator = model.manifest.estimator.rpartition(" ")[2]
    text = f"X has {given} features, but {estimator} is expecting {width} features as input."
    return ApiError(400, failure.code, text, failure.details)


def error(failure: ApiError, _: str) -> dict[str, Any]:
    """Return the protocol's shape of an error."""
    return {"error": failure.message}

"""Explanations: POST /explain for the default model, and KServe's :explain for any."""

from __future__ import annotations

from typing import Any

from api.codec import decode, encode
from api.dialects import Reply, Request, as_bad_request, v1
from api.errors import ApiError
from api.explaining import METHOD, explained
from api.scoring import Models
from model.runtime.load import Model

MOST = 100


def explain(models: Models, model: Model, request: Request) -> Reply:
    """Explain the rows under X, or under one of KServe's keys."""
    body = decode(request.body)
    rows = body["X"] if isinstance(body, dict) and "X" in body else v1.rows_of(body)
    return _reply(models, model, rows)


def explain_v1(models: Models, request: Request, name: str) -> Reply:
    """Explain rows as KServe's explainers do, predictions beside."""
    with as_bad_request():
        return _reply(models, models.get(name), v1.rows_of(v1.body_of(request)))


def _reply(models: Models, model: Model, rows: Any) -> Reply:
    if isinstance(rows, list) and len(rows) > MOST and isinstance(rows[0], list | dict):
        raise ApiError(413, "too_many_rows", f"{len(rows)} rows are more than the {MOST} explained at once")
    found = explained(models, model, rows)
    answer = {"predictions": [each.prediction for each in found], "explanations": found, "method": METHOD}
    return Reply(encode(answer), rows=len(found))

"""Explanations: POST /explain for the default model, and KServe's :explain for any."""

from __future__ import annotations

from api.inference.answers import Question
from api.inference.explanations import METHOD, Explanation
from api.protocols.json_codec import decode_json, encode_json
from api.protocols.kserve_v1 import json_of, rows_of
from api.protocols.message import Request, Response
from model.runtime.base import Model


def decode(_: Model, request: Request) -> Question:
    """Return the rows under X, or under one of KServe's keys."""
    body = decode_json(request.body)
    return Question(body["X"] if isinstance(body, dict) and "X" in body else rows_of(body))


def decode_v1(_: Model, request: Request) -> Question:
    """Return the rows under KServe's keys."""
    return Question(rows_of(json_of(request)))


def encode(_: Model, __: Question, explanations: list[Explanation]) -> Response:
    """Return predictions and explanations, as KServe's explainers do."""
    predictions = [each.prediction for each in explanations]
    body = {"predictions": predictions, "explanations": explanations, "method": METHOD}
    return Response(encode_json(body), rows=len(explanations))

"""The Kustomize tutorial's protocol: POST /score {"X": rows} -> {"score": answers}."""

from __future__ import annotations

from typing import Any

from api.errors import ApiError
from api.inference.answers import Answers, Question
from api.protocols.json_codec import encode_json
from api.protocols.message import Request, Response
from api.protocols.numeric_json import decode_rows
from model.runtime.base import Model


def decode(model: Model, request: Request) -> Question:
    """Return the rows under X."""
    body = decode_rows(model, request.body)
    if not isinstance(body, dict) or "X" not in body:
        raise ApiError(400, "malformed", 'expected a JSON object with the key "X": a row, or a list of rows')
    if not request.environ.get("QUERY_STRING"):
        return Question(body["X"])
    return Question(body["X"], None, request.flag("proba"), request.flag("labels"))


def encode(_: Model, __: Question, answers: Answers) -> Response:
    """Return the answers under score."""
    return Response(encode_json(answers.under("score")), rows=len(answers.predictions))


def render_error(error: ApiError, request_id: str) -> dict[str, Any]:
    """Return the service's own shape of an error."""
    shown: dict[str, Any] = {"error": {"code": error.code, "message": error.message, "request_id": request_id}}
    if error.details:
        shown["error"]["details"] = error.details
    return shown

"""The Kustomize tutorial's dialect: POST /score {"X": rows} -> {"score": answers}."""

from __future__ import annotations

from typing import Any

from api.codec import decode, encode
from api.dialects import Reply, Request
from api.errors import ApiError
from api.scoring import Models
from model.runtime.load import Model


def score(models: Models, model: Model, request: Request) -> Reply:
    """Answer the rows under X."""
    body = decode(request.body)
    if not isinstance(body, dict) or "X" not in body:
        raise ApiError(400, "malformed", 'expected a JSON object with the key "X": a row, or a list of rows')
    scored = models.ask(model, body["X"], request.want)
    return Reply(encode(scored.under("score")), rows=len(scored.predictions))


def error(failure: ApiError, request_id: str) -> dict[str, Any]:
    """Return our own shape of an error."""
    shown: dict[str, Any] = {"error": {"code": failure.code, "message": failure.message, "request_id": request_id}}
    if failure.details:
        shown["error"]["details"] = failure.details
    return shown

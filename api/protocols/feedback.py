"""POST /feedback: the ground truth for the rows of an earlier request."""

from __future__ import annotations

from typing import Any

import msgspec

from api.errors import ApiError
from api.inference.ground_truth import MAX_ROWS
from api.inference.models import Models
from api.protocols.json_codec import decode_json, encode_json
from api.protocols.message import Request, Response
from model.bundle.manifest import Manifest

MAX_ID = 128


class Feedback(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request."""

    request_id: str
    truth: Any


def report(models: Models, request: Request) -> Response:
    """Compare the ground truth with the answer of that request, and log it."""
    memory, log = models.ground_truth, models.prediction_log
    if memory is None and log is None:
        raise ApiError(404, "off", "feedback is disabled: set FEEDBACK_CAPACITY to the number of answers to remember")
    try:
        feedback = msgspec.convert(decode_json(request.body), Feedback)
    except msgspec.ValidationError as error:
        # The reason may name a field of any length.
        text = f'expected {{"request_id": "...", "truth": ...}}: {str(error)[:100]}'
        raise ApiError(400, "malformed", text) from None
    truths = feedback.truth if isinstance(feedback.truth, list) else [feedback.truth]
    if len(truths) > MAX_ROWS:
        raise ApiError(413, "too_many_rows", f"{len(truths)} rows are more than the {MAX_ROWS} that are remembered")
    model = _compare(models, feedback.request_id, truths)
    if log is not None:
        log.add_truth(feedback.request_id, None if model is None else model.name, truths)
    if model is None:
        # Another pod answered that request, or it was long ago: the log has its answer.
        return Response(encode_json({"rows": len(truths)}), 202)
    return Response(encode_json({"model": model.name, "version": model.version, "rows": len(truths)}))


def _compare(models: Models, request_id: str, truths: list[Any]) -> Manifest | None:
    """Return whose answer the truth was compared with; None if nobody remembers it and the log takes it."""
    try:
        if models.ground_truth is not None:
            return models.ground_truth.report(request_id, truths)
    except ApiError as error:
        if error.code != "unknown_request" or models.prediction_log is None:
            raise
    if len(request_id) > MAX_ID or not all(isinstance(each, str | int | float) for each in truths):
        text = f"request_id has at most {MAX_ID} characters, and truth is a label or a number for each row"
        raise ApiError(422, "type", text)
    return None

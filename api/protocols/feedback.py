"""POST /feedback: the ground truth for the rows of an earlier request."""

from __future__ import annotations

from typing import Any

import msgspec

from api.errors import ApiError
from api.inference.ground_truth import MAX_ROWS
from api.inference.models import Models
from api.protocols.json_codec import decode_json, encode_json
from api.protocols.message import Request, Response


class Feedback(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request."""

    request_id: str
    truth: Any


def report(models: Models, request: Request) -> Response:
    """Compare the ground truth with the answer of that request."""
    if models.ground_truth is None:
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
    model = models.ground_truth.report(feedback.request_id, truths)
    return Response(encode_json({"model": model.name, "version": model.version, "rows": len(truths)}))

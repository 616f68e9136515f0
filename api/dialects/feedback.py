"""POST /feedback: what was true of the rows of one request."""

from __future__ import annotations

from typing import Any

import msgspec

from api.codec import decode, encode
from api.dialects import Reply, Request
from api.errors import ApiError
from api.scoring import Models


class Told(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a feedback."""

    request_id: str
    truth: Any


def give(models: Models, request: Request) -> Reply:
    """Take what was true of the rows of one request."""
    if models.memory is None:
        raise ApiError(404, "off", "no answers are remembered here: the setting FEEDBACK says how many")
    try:
        told = msgspec.convert(decode(request.body), Told)
    except msgspec.ValidationError as error:
        raise ApiError(400, "malformed", f'expected {{"request_id": "...", "truth": ...}}: {error}') from None
    truths = told.truth if isinstance(told.truth, list) else [told.truth]
    model = models.memory.tell(told.request_id, truths)
    return Reply(encode({"model": model.name, "version": model.version, "rows": len(truths)}))

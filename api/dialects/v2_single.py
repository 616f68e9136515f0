"""One row of numbers in one JSON tensor, the prediction alone: what most callers send, answered the shortest way."""

from __future__ import annotations

from functools import cache
from typing import Any

from api.codec import encode
from api.dialects import Reply
from api.dialects.v2_outputs import datatype_of
from api.scoring import Models
from model.runtime.load import Model

_TENSOR = {"name", "shape", "datatype", "data"}
_AS = {"FP64": float, "INT64": int, "BOOL": bool, "BYTES": str}


@cache
def _kind(model: Model) -> str:
    return datatype_of(model)


def single(models: Models, model: Model, body: dict[str, Any], envelope: dict[str, Any]) -> Reply | None:
    """Return the reply, or None for whatever is not exactly that."""
    inputs = body.get("inputs")
    if not (body.keys() <= {"inputs", "id"} and type(inputs) is list and len(inputs) == 1):
        return None
    (tensor,) = inputs
    width = len(model.signature.names)
    if type(tensor) is not dict or tensor.keys() != _TENSOR or tensor["datatype"] != "FP64":
        return None
    if tensor["shape"] != [1, width] or type(tensor["name"]) is not str or not model.signature.numeric:
        return None
    row = model.rows.single(tensor["data"])
    answer = None if row is None else models.short(model, row)
    if answer is None:
        return None
    kind = _kind(model)
    shown = {"name": "predict", "shape": [1], "datatype": kind, "data": [_AS[kind](answer)]}
    return Reply(encode({**envelope, "outputs": [shown]}), rows=1)

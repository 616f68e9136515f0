"""Inference in the Open Inference Protocol: tensors in, the outputs that were asked for out."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import numpy as np

from api.codec import decode, encode
from api.dialects import Reply, Request, as_bad_request
from api.dialects.v2_outputs import OUTPUTS, Asked, produced
from api.dialects.v2_single import single
from api.dialects.v2_tensors import Tensor, bad, datatype, from_bytes, from_json, to_bytes
from api.scoring import Models
from model.runtime.load import Model

# OUTPUTS is part of what inference offers, wherever the tensors are made.
__all__ = ["BINARY", "LENGTH", "OUTPUTS", "infer"]

BINARY = "application/octet-stream"
LENGTH = "inference-header-content-length"
# Python itself refuses to read a number of thousands of digits, with an error of its own.
_SIZE = re.compile("[0-9]{1,12}")


def infer(models: Models, request: Request, name: str, version: str | None = None) -> Reply:
    """Answer an inference request."""
    model = models.version(name, version)
    body, raw = _take_apart(request)
    envelope = {"model_name": model.name, "model_version": model.version, "id": _identity(body)}
    if not raw and (quick := single(models, model, body, envelope)) is not None:
        return quick
    asked, parameters = _asked(body), _mapping(body, "parameters")
    with as_bad_request():
        table = models.read(model, *_rows(model, _tensors(body, raw)))
        answer = models.predict(model, table)
        outputs = [(each, produced(model, each, table, answer)) for each in asked]
    reply = _reply(envelope, outputs, binary=parameters.get("binary_data_output") is True)
    reply.rows = len(answer)
    return reply


def _take_apart(request: Request) -> tuple[dict[str, Any], memoryview]:
    """Return the JSON part of a body and the bytes that follow it."""
    length = request.header("HTTP_INFERENCE_HEADER_CONTENT_LENGTH")
    if length is None:
        if request.content_type == BINARY:
            raise bad(f"the body is {BINARY}, but the header {LENGTH} is missing")
        header, raw = request.body, memoryview(b"")
    else:
        if not _SIZE.fullmatch(length) or int(length) > len(request.body):
            raise bad(f"{LENGTH} must be the size of the JSON part, at most the body's {len(request.body)} bytes")
        header, raw = request.body[: int(length)], memoryview(request.body)[int(length) :]
    body = decode(header)
    if not isinstance(body, dict):
        raise bad("expected a JSON object")
    return body, raw


def _identity(body: dict[str, Any]) -> str:
    """Return the caller's own name of the request, or a new one."""
    given = body.get("id")
    if given is None:
        return str(uuid4())
    if not isinstance(given, str):
        raise bad("id must be a string")
    return given


def _mapping(part: dict[str, Any], key: str) -> dict[str, Any]:
    found = part.get(key)
    if found is not None and not isinstance(found, dict):
        raise bad(f"{key} must be an object")
    return found or {}


def _asked(body: dict[str, Any]) -> list[Asked]:
    outputs = body.get("outputs")
    if outputs is None:
        return [Asked()]
    if not isinstance(outputs, list) or not all(
        isinstance(o, dict) and isinstance(o.get("name"), str) for o in outputs
    ):
        raise bad("outputs must be a list of objects with names")
    return [Asked(output["name"], _mapping(output, "parameters")) for output in outputs] or [Asked()]


def _tensors(body: dict[str, Any], raw: memoryview) -> dict[str, Tensor]:
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not inputs or not all(isinstance(each, dict) for each in inputs):
        raise bad("inputs must be a list of at least one tensor")
    found: dict[str, Tensor] = {}
    for tensor in inputs:
        name = tensor.get("name")
        if not isinstance(name, str) or name in found:
            raise bad("each input must have a name of its own")
        size = _mapping(tensor, "parameters").get("binary_data_size")
        if size is None:
            found[name] = from_json(tensor)
            continue
        if type(size) is not int or not 0 <= size <= len(raw):
            raise bad(f"input {name[:80]}: binary_data_size {str(size)[:40]} is not there in the body")
        found[name], raw = from_bytes(tensor, raw[:size]), raw[size:]
    if len(raw):
        raise bad(f"{len(raw)} bytes follow the last tensor")
    return found


def _rows(model: Model, tensors: dict[str, Tensor]) -> tuple[Any, list[str] | None]:
    """Return the rows of one tensor of the full width, under whatever name, or of one tensor a feature."""
    (name, tensor), *others = tensors.items()
    # One feature's values must never pass for a row of all features, however many they are.
    if others or (tensor.ndim == 1 and name in model.signature.names):
        return _of_columns(model, {each: _column(each, values) for each, values in tensors.items()})
    width = len(model.signature.names)
    table = tensor if tensor.ndim == 2 else tensor.reshape(1, -1) if len(tensor) == width > 1 else tensor.reshape(-1, 1)
    if table.shape[1] != width:
        raise bad(f"expected a tensor of shape [-1, {width}], got {list(tensor.shape)}")
    return (table if model.signature.numeric else table.tolist()), None


def _column(name: str, tensor: Tensor) -> Tensor:
    if tensor.ndim == 2 and tensor.shape[1] != 1:
        raise bad(f"input {name[:80]}: expected a column of shape [n] or [n, 1], got {list(tensor.shape)}")
    return tensor.reshape(-1)


def _of_columns(model: Model, columns: dict[str, Tensor]) -> tuple[Any, list[str] | None]:
    if len({len(column) for column in columns.values()}) > 1:
        raise bad("the columns differ in length")
    names = model.signature.names
    numbers = model.signature.numeric and all(column.dtype.kind in "fiu" for column in columns.values())
    if numbers and columns.keys() == set(names):
        return np.column_stack([columns[name] for name in names]), None
    return list(map(list, zip(*(column.tolist() for column in columns.values()), strict=True))), list(columns)


def _reply(envelope: dict[str, Any], outputs: list[tuple[Asked, Tensor]], *, binary: bool) -> Reply:
    described: list[dict[str, Any]] = []
    raw: list[bytes] = []
    for asked, tensor in outputs:
        shown: dict[str, Any] = {"name": asked.name, "shape": list(tensor.shape), "datatype": datatype(tensor)}
        if asked.parameters.get("binary_data", binary) is True:
            raw.append(to_bytes(tensor))
            shown["parameters"] = {"binary_data_size": len(raw[-1])}
        else:
            shown["data"] = tensor.ravel().tolist()
        described.append(shown)
    header = encode({**envelope, "outputs": described})
    if not raw:
        return Reply(header)
    return Reply(b"".join([header, *raw]), content_type=BINARY, headers=((LENGTH, str(len(header))),))

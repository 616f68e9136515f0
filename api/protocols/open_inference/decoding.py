"""Inference requests of the Open Inference Protocol: JSON, and the bytes of binary tensors after it."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import numpy as np

from api.inference.answers import Question
from api.protocols.json_codec import decode_json
from api.protocols.message import Request
from api.protocols.numeric_json import decode_rows
from api.protocols.open_inference.outputs import RequestedOutput
from api.protocols.open_inference.tensors import Tensor, from_bytes, from_json, keeps_numbers, malformed
from model.runtime.base import Model
from model.schema.rows import NamedColumns
from model.schema.values import LARGEST_EXACT

BINARY = "application/octet-stream"
CONTENT_TYPES = ("np", "pd", "str", "datetime")
"""Of MLServer's, those whose data is what the datatype says."""
LENGTH_HEADER = "inference-header-content-length"
# Python itself refuses to parse a number of thousands of digits, with an error of its own.
_SIZE = re.compile("[0-9]{1,12}")
_TENSOR_KEYS = {"name", "shape", "datatype", "data"}
_CELL_TYPES = frozenset({int, float, type(None)})
_DEFAULT_OUTPUTS = (RequestedOutput(),)


class InferQuestion(Question, kw_only=True):
    """A question, with the requested outputs and what the response repeats."""

    id: str
    outputs: tuple[RequestedOutput, ...] = _DEFAULT_OUTPUTS
    binary: bool = False
    """Outputs are sent as bytes unless their own parameters differ."""
    compact: bool = False
    """One row of numbers, the prediction alone: the model's compact form can answer it."""


def decode(model: Model, request: Request) -> InferQuestion:
    """Return the rows of an inference request, and the outputs that it wants."""
    body, raw = _split_body(model, request)
    request_id = _request_id(body)
    row = None if raw else _single_row(model, body)
    if row is not None:
        return InferQuestion(row, id=request_id, compact=True)
    outputs, parameters = _requested_outputs(body), _mapping(body, "parameters")
    _require_content_type("the request", parameters)
    rows = _rows(model, _tensors(body, raw))
    binary = _flag(parameters, "binary_data_output")
    return InferQuestion(rows, id=request_id, outputs=outputs, binary=binary)


def _single_row(model: Model, body: dict[str, Any]) -> list[Any] | None:
    """Return the row of the commonest request, one row of numbers in one JSON tensor; None for any other request."""
    inputs = body.get("inputs")
    if not (body.keys() <= {"inputs", "id"} and type(inputs) is list and len(inputs) == 1):
        return None
    (tensor,) = inputs
    names = model.signature.names
    width = len(names)
    if type(tensor) is not dict or tensor.keys() != _TENSOR_KEYS or tensor["datatype"] != "FP64":
        return None
    if tensor["shape"] != [1, width] or type(tensor["name"]) is not str or not model.signature.numeric:
        return None
    # 1.0 and true are equal to 1, and are no sizes.
    height, size = tensor["shape"]
    if type(height) is not int or type(size) is not int or (tensor["name"] in names and width > 1):
        return None
    row = tensor["data"]
    if type(row) is list and len(row) == 1 and type(row[0]) is list:
        row = row[0]
    return row if type(row) is list and len(row) == width and _CELL_TYPES.issuperset(map(type, row)) else None


def _split_body(model: Model, request: Request) -> tuple[dict[str, Any], memoryview]:
    """Return the JSON part of a body and the bytes that follow it."""
    length = request.header("HTTP_INFERENCE_HEADER_CONTENT_LENGTH")
    if length is None:
        if request.content_type == BINARY:
            raise malformed(f"the body is {BINARY}, but the header {LENGTH_HEADER} is missing")
        header, raw = request.body, memoryview(b"")
    else:
        if not _SIZE.fullmatch(length) or int(length) > len(request.body):
            size = len(request.body)
            raise malformed(f"{LENGTH_HEADER} must be the size of the JSON part, at most the body's {size} bytes")
        header, raw = request.body[: int(length)], memoryview(request.body)[int(length) :]
    body = decode_rows(model, header, tensors=True)
    if not isinstance(body, dict):
        raise malformed("expected a JSON object")
    return body if _keeps_numbers(body) else decode_json(header), raw


def _keeps_numbers(body: dict[str, Any]) -> bool:
    """Return whether no tensor's data came as floats that has a datatype for which whole numbers matter."""
    inputs = body.get("inputs")
    tensors = [each for each in inputs if type(each) is dict] if type(inputs) is list else []
    return all(keeps_numbers(each) for each in tensors if type(each.get("data")) is np.ndarray)


def _request_id(body: dict[str, Any]) -> str:
    """Return the caller's id of the request, or a new one."""
    found = body.get("id")
    if found is None:
        return str(uuid4())
    if not isinstance(found, str):
        raise malformed("id must be a string")
    return found


def _mapping(part: dict[str, Any], key: str) -> dict[str, Any]:
    found = part.get(key)
    if found is not None and not isinstance(found, dict):
        raise malformed(f"{key} must be an object")
    return found or {}


def _requested_outputs(body: dict[str, Any]) -> tuple[RequestedOutput, ...]:
    outputs = body.get("outputs")
    if outputs is None:
        return _DEFAULT_OUTPUTS
    if not isinstance(outputs, list) or not all(
        isinstance(output, dict) and isinstance(output.get("name"), str) for output in outputs
    ):
        raise malformed("outputs must be a list of objects with names")
    found = tuple(RequestedOutput(output["name"], _mapping(output, "parameters")) for output in outputs)
    # Each is computed and sent: repeated, a small request would have a large answer.
    if len({output.name for output in found}) != len(found):
        raise malformed("each output must be requested once")
    for output in found:
        _flag(output.parameters, "binary_data")
    return found or _DEFAULT_OUTPUTS


def _flag(parameters: dict[str, Any], name: str) -> bool:
    found = parameters.get(name, False)
    if type(found) is not bool:
        raise malformed(f"{name} must be true or false")
    return found


def _require_content_type(where: str, parameters: dict[str, Any]) -> None:
    """Refuse data that another server would decode before it reaches the model, such as base64."""
    found = parameters.get("content_type", "np")
    if found not in CONTENT_TYPES:
        raise malformed(f"{where}: content_type must be one of {', '.join(CONTENT_TYPES)}")


def _tensors(body: dict[str, Any], raw: memoryview) -> dict[str, Tensor]:
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not inputs or not all(isinstance(each, dict) for each in inputs):
        raise malformed("inputs must be a list of at least one tensor")
    found: dict[str, Tensor] = {}
    for tensor in inputs:
        name = tensor.get("name")
        if not isinstance(name, str) or name in found:
            raise malformed("each input must have a name of its own")
        parameters = _mapping(tensor, "parameters")
        _require_content_type(f"input {name[:80]}", parameters)
        size = parameters.get("binary_data_size")
        if size is None:
            found[name] = from_json(tensor)
            continue
        if "data" in tensor:
            raise malformed(f"input {name[:80]}: it has data and binary_data_size")
        if type(size) is not int or not 0 <= size <= len(raw):
            raise malformed(f"input {name[:80]}: the body does not have binary_data_size {str(size)[:40]} bytes")
        found[name], raw = from_bytes(tensor, raw[:size]), raw[size:]
    if len(raw):
        raise malformed(f"{len(raw)} bytes follow the last tensor")
    return found


def _rows(model: Model, tensors: dict[str, Tensor]) -> Any:
    """Return the rows of one tensor of the full width, under whatever name, or of one tensor for each feature."""
    (name, tensor), *others = tensors.items()
    # One feature's values must never pass for a row of all features, however many they are.
    if others or name in model.signature.names:
        return _columns(model, {each: _column(each, values) for each, values in tensors.items()})
    width = len(model.signature.names)
    table = tensor if tensor.ndim == 2 else tensor.reshape(1, -1) if len(tensor) == width > 1 else tensor.reshape(-1, 1)
    if table.shape[1] != width:
        raise malformed(f"expected a tensor of shape [-1, {width}], got {list(tensor.shape)}")
    return table if model.signature.numeric else table.tolist()


def _column(name: str, tensor: Tensor) -> Tensor:
    if tensor.ndim == 2 and tensor.shape[1] != 1:
        raise malformed(f"input {name[:80]}: expected a column of shape [n] or [n, 1], got {list(tensor.shape)}")
    return tensor.reshape(-1)


def _are_floats(column: Tensor) -> bool:
    """Return whether a matrix of floats holds these numbers; stacked with floats, large integers would be rounded."""
    if column.dtype.kind not in "iu" or column.dtype.itemsize < 8 or not len(column):
        return column.dtype.kind in "fiu"
    return bool(column.min() >= -LARGEST_EXACT and column.max() <= LARGEST_EXACT)


def _columns(model: Model, columns: dict[str, Tensor]) -> Tensor | NamedColumns:
    if len({len(column) for column in columns.values()}) > 1:
        raise malformed("the columns differ in length")
    names = model.signature.names
    numbers = model.signature.numeric and all(map(_are_floats, columns.values()))
    if numbers and columns.keys() == set(names):
        return np.column_stack([columns[name] for name in names])
    return NamedColumns({name: column.tolist() for name, column in columns.items()})

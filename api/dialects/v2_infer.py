"""Inference in the Open Inference Protocol: tensors in, the outputs that were asked for out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import numpy as np

from api.codec import decode, encode
from api.dialects import Reply, Request, as_bad_request
from api.dialects.v2_tensors import Tensor, bad, datatype, from_bytes, from_json, to_bytes
from api.errors import ApiError
from api.scoring import Models, titled
from model.rows import Table
from model.runtime import Model

BINARY = "application/octet-stream"
LENGTH = "inference-header-content-length"
DEFAULT_OUTPUT = "predict"


@dataclass
class _Asked:
    """One output that the caller wants."""

    name: str
    parameters: dict[str, Any] = field(default_factory=dict)


def infer(models: Models, request: Request, name: str, version: str | None = None) -> Reply:
    """Answer an inference request."""
    model = models.version(name, version)
    body, raw = _take_apart(request)
    asked, parameters = _asked(body), _mapping(body, "parameters")
    with as_bad_request():
        table = models.read(model, *_rows(model, _tensors(body, raw)))
        answer = models.predict(model, table)
        produced = {each.name: _output(model, each, table, answer) for each in asked}
    envelope = {
        "model_name": model.name,
        "model_version": model.version,
        "id": body["id"] if isinstance(body.get("id"), str) else str(uuid4()),
    }
    return _reply(envelope, asked, produced, binary=parameters.get("binary_data_output") is True)


def _take_apart(request: Request) -> tuple[dict[str, Any], memoryview]:
    """Return the JSON part of a body and the bytes that follow it."""
    length = request.headers.get(LENGTH)
    if length is None:
        if request.content_type == BINARY:
            raise bad(f"the body is {BINARY}, but the header {LENGTH} is missing")
        header, raw = request.body, memoryview(b"")
    else:
        if not length.isdecimal() or int(length) > len(request.body):
            raise bad(f"{LENGTH} must be the size of the JSON part, at most the body's {len(request.body)} bytes")
        header, raw = request.body[: int(length)], memoryview(request.body)[int(length) :]
    body = decode(header)
    if not isinstance(body, dict):
        raise bad("expected a JSON object")
    return body, raw


def _mapping(part: dict[str, Any], key: str) -> dict[str, Any]:
    found = part.get(key)
    if found is not None and not isinstance(found, dict):
        raise bad(f"{key} must be an object")
    return found or {}


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
            raise bad(f"input {name[:80]}: binary_data_size {size} is not there in the body")
        found[name], raw = from_bytes(tensor, raw[:size]), raw[size:]
    if len(raw):
        raise bad(f"{len(raw)} bytes follow the last tensor")
    return found


def _rows(model: Model, tensors: dict[str, Tensor]) -> tuple[Any, list[str] | None]:
    """Return the rows of one tensor of the full width, under whatever name, or of one tensor a feature."""
    width = len(model.signature.features)
    if len(tensors) == 1 and (width > 1 or next(iter(tensors)) not in model.signature.names):
        (tensor,) = tensors.values()
        table = tensor.reshape(1, -1) if tensor.ndim == 1 and width > 1 and len(tensor) == width else tensor
        table = table.reshape(-1, 1) if table.ndim == 1 else table
        if table.ndim != 2 or table.shape[1] != width:
            raise bad(f"expected a tensor of shape [-1, {width}], got {list(tensor.shape)}")
        return (table if model.signature.numeric else table.tolist()), None
    columns = {name: tensor.ravel() for name, tensor in tensors.items()}
    if len({len(column) for column in columns.values()}) > 1:
        raise bad("the columns differ in length")
    return list(map(list, zip(*(column.tolist() for column in columns.values()), strict=True))), list(columns)


def _asked(body: dict[str, Any]) -> list[_Asked]:
    outputs = body.get("outputs")
    if outputs is None:
        return [_Asked(DEFAULT_OUTPUT)]
    if not isinstance(outputs, list) or not all(
        isinstance(o, dict) and isinstance(o.get("name"), str) for o in outputs
    ):
        raise bad("outputs must be a list of objects with names")
    return [_Asked(output["name"], _mapping(output, "parameters")) for output in outputs] or [_Asked(DEFAULT_OUTPUT)]


def _output(model: Model, asked: _Asked, table: Table, answer: Tensor) -> Tensor:
    if "classification" in asked.parameters:
        return _best(model, asked.parameters["classification"], table, answer)
    try:
        produce = OUTPUTS[asked.name]
    except KeyError:
        known = ", ".join(OUTPUTS)
        raise bad(f"Unexpected inference output '{asked.name[:80]}' for model '{model.name}'; it has {known}") from None
    return produce(model, table, answer)


def _predict(_: Model, __: Table, answer: Tensor) -> Tensor:
    return answer.astype(object) if answer.dtype.kind == "U" else answer


def _proba(model: Model, table: Table, _: Tensor) -> Tensor:
    if not model.signature.proba:
        raise ApiError(400, "no_probabilities", f"the model {model.name} gives no probabilities")
    tables = model.predict_proba(table)
    return np.asarray(tables[0] if len(tables) == 1 else np.stack(tables, axis=1), dtype=np.float64)


def _labels(model: Model, _: Table, answer: Tensor) -> Tensor:
    return np.array(titled(model, answer.tolist()), dtype=object)


OUTPUTS: dict[str, Callable[[Model, Table, Tensor], Tensor]] = {
    "predict": _predict,
    "output-0": _predict,
    "predict_proba": _proba,
    "labels": _labels,
}


def _best(model: Model, most: Any, table: Table, answer: Tensor) -> Tensor:
    """Return the best classes of each row, each as value:index:label."""
    if type(most) is not int or most < 1:
        raise bad("classification must be a number of classes, at least 1")
    proba = _proba(model, table, answer)
    if proba.ndim != 2:
        raise bad("classification is for models of one target")
    target = model.signature.targets[0]
    names = target.titles or [str(label) for label in target.classes or ()]
    places = np.argsort(-proba, axis=1, kind="stable")[:, :most]
    lines = [[f"{row[i]:.6f}:{i}:{names[i]}" for i in best] for row, best in zip(proba, places.tolist(), strict=True)]
    return np.array(lines, dtype=object).reshape(len(proba), min(most, len(names)))


def _reply(envelope: dict[str, Any], asked: list[_Asked], produced: dict[str, Tensor], *, binary: bool) -> Reply:
    outputs: list[dict[str, Any]] = []
    raw: list[bytes] = []
    for each in asked:
        tensor = produced[each.name]
        shown: dict[str, Any] = {"name": each.name, "shape": list(tensor.shape), "datatype": datatype(tensor)}
        if each.parameters.get("binary_data", binary) is True:
            raw.append(to_bytes(tensor))
            shown["parameters"] = {"binary_data_size": len(raw[-1])}
        else:
            shown["data"] = tensor.ravel().tolist()
        outputs.append(shown)
    header = encode({**envelope, "outputs": outputs})
    if not raw:
        return Reply(header)
    return Reply(b"".join([header, *raw]), content_type=BINARY, headers=((LENGTH, str(len(header))),))

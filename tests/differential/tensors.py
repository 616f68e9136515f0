"""Requests and responses of the Open Inference Protocol: a tensor a column, or one matrix; as JSON or as bytes."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.differential.front import Answer, Service
from tests.differential.rows import Row

PATH = "/v2/models/case/infer"
DTYPES = {"FP64": "<f8", "INT64": "<i8", "BOOL": "?", "FP32": "<f4"}


def in_columns(rows: list[Row]) -> list[Row]:
    """Leave out what would make another value round: beside whole numbers beyond 2**53, a column must be INT64."""
    whole = [name for name in (rows[0] if rows else ()) if any(_large(row[name]) for row in rows)]
    return [row for row in rows if all(type(row[name]) is int and -(2**63) <= row[name] < 2**63 for name in whole)]


def in_binary(rows: list[Row]) -> list[Row]:
    """Leave out missing values: there are no bytes for a missing text."""
    return in_columns([row for row in rows if None not in row.values()])


def in_matrix(rows: list[Row]) -> list[Row]:
    """Keep rows of numbers that FP64 holds."""
    return [row for row in rows if all(v is None or (type(v) in (int, float) and not _large(v)) for v in row.values())]


def _large(value: Any) -> bool:
    return type(value) is int and abs(value) > 2**53


def by_column(*, binary: bool = False, proba: bool = False) -> Callable[[Service, list[Row]], Answer]:
    """Return what sends one tensor a column."""

    def send(service: Service, rows: list[Row]) -> Answer:
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        tensors = [_tensor(name, values, text=name in service.texts) for name, values in columns.items()]
        return _send(service, tensors, binary=binary, proba=proba)

    return send


def as_matrix(*, binary: bool = False) -> Callable[[Service, list[Row]], Answer]:
    """Return what sends all columns in one tensor."""

    def send(service: Service, rows: list[Row]) -> Answer:
        cells = [None if value is None else float(value) for row in rows for value in row.values()]
        tensor = {"name": "X", "shape": [len(rows), len(rows[0])], "datatype": "FP64", "data": cells}
        return _send(service, [tensor], binary=binary)

    return send


def _tensor(name: str, values: list[Any], *, text: bool) -> dict[str, Any]:
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {bool} and None not in values:
        kind = "BOOL"
    elif kinds == {int} and None not in values:
        kind = "INT64"
    else:
        kind = "BYTES" if text else "FP64"
    data = [None if value is None else float(value) for value in values] if kind == "FP64" else values
    return {"name": name, "shape": [len(values)], "datatype": kind, "data": data}


def _send(service: Service, tensors: list[dict[str, Any]], *, binary: bool, proba: bool = False) -> Answer:
    body: dict[str, Any] = {"inputs": tensors, "id": "x"}
    if proba:
        body["outputs"] = [{"name": "predict"}, {"name": "predict_proba"}]
    if not binary:
        return service.ask("POST", PATH, body)
    raw = []
    for tensor in tensors:
        raw.append(_bytes(tensor["datatype"], tensor.pop("data")))
        tensor["parameters"] = {"binary_data_size": len(raw[-1])}
    head = json.dumps(body | {"parameters": {"binary_data_output": True}}).encode()
    return service.ask(
        "POST", PATH, head + b"".join(raw), content_type="application/octet-stream",
        inference_header_content_length=str(len(head)),
    )  # fmt: skip


def _bytes(kind: str, data: list[Any]) -> bytes:
    if kind == "BYTES":
        texts = [text.encode() for text in data]
        return b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    return np.array([np.nan if value is None else value for value in data], dtype=DTYPES[kind]).tobytes()


def read(answer: Answer) -> tuple[list[Any], list[Any] | None]:
    """Return the answers of a response, and the probabilities if it has them."""
    length = answer.headers.get("inference-header-content-length")
    head = json.loads(answer.body if length is None else answer.body[: int(length)])
    raw = b"" if length is None else answer.body[int(length) :]
    found = {}
    for output in head["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size")
        data = output["data"] if size is None else _values(output["datatype"], raw[:size])
        raw = raw if size is None else raw[size:]
        found[output["name"]] = _shaped(data, output["shape"])
    return found["predict"], found.get("predict_proba")


def _values(kind: str, content: bytes) -> list[Any]:
    if kind != "BYTES":
        return np.frombuffer(content, DTYPES[kind]).tolist()
    texts, place = [], 0
    while place < len(content):
        size = int.from_bytes(content[place : place + 4], "little")
        texts.append(content[place + 4 : place + 4 + size].decode())
        place += 4 + size
    return texts


def _shaped(data: list[Any], shape: list[int]) -> list[Any]:
    if len(shape) == 1:
        return data
    step = int(np.prod(shape[1:]))
    return [_shaped(data[place : place + step], shape[1:]) for place in range(0, len(data), step)]

"""Tensors of the Open Inference Protocol, from and to JSON or raw bytes."""

from __future__ import annotations

from itertools import chain
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.errors import ApiError

Tensor = NDArray[Any]

DTYPES: dict[str, Any] = {
    "BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64,
    "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64,
    "FP16": np.float16, "FP32": np.float32, "FP64": np.float64, "BYTES": np.object_,
}  # fmt: skip
_NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}
_CELL_TYPES = {"b": (bool,), "u": (int,), "i": (int,), "f": (int, float, type(None)), "O": (str, type(None))}
MAX_ELEMENTS = 1 << 28
_LARGEST_EXACT = {4: 2**24, 8: 2**53}
"""Each whole number up to this one is a float of so many bytes."""


def malformed(text: str) -> ApiError:
    """Return the error for any malformed request."""
    return ApiError(400, "malformed", text)


def datatype(array: Tensor) -> str:
    """Name an array's type as the protocol does."""
    return _NAMES.get(array.dtype, "BYTES")


def shape_of(tensor: dict[str, Any]) -> list[int]:
    """Return a tensor's shape, if it is that of a column or a table."""
    shape = tensor.get("shape")
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise malformed(f"input {_name(tensor)}: shape must be a list of sizes")
    if len(shape) not in (1, 2):
        raise malformed(f"input {_name(tensor)}: shape must be that of a column, [n], or of a table, [n, width]")
    # A size beside a zero holds nothing, and may still be more than an array can have.
    if prod(max(size, 1) for size in shape) > MAX_ELEMENTS:
        raise malformed(f"input {_name(tensor)}: the shape is larger than the maximum of {MAX_ELEMENTS} elements")
    return shape


def from_json(tensor: dict[str, Any]) -> Tensor:
    """Return a tensor whose data came as JSON, flat or nested."""
    kind = _kind(tensor)
    if kind == "FP16":
        raise malformed(f"input {_name(tensor)}: FP16 has no JSON form, send it as binary data")
    if not isinstance(tensor.get("data"), list | np.ndarray):
        raise malformed(f"input {_name(tensor)}: data must be a list")
    shape = shape_of(tensor)
    cells = _flatten(tensor, shape)
    if len(cells) != prod(shape):
        raise malformed(f"input {_name(tensor)}: shape {shape} needs {prod(shape)} elements, data has {len(cells)}")
    dtype = np.dtype(DTYPES[kind])
    if isinstance(cells, np.ndarray):
        return cells.astype(dtype, copy=False).reshape(shape)
    wrong = set(map(type, cells)) - set(_CELL_TYPES[dtype.kind])
    if wrong:
        raise malformed(
            f"input {_name(tensor)}: {kind} data holds {', '.join(sorted(each.__name__ for each in wrong))}"
        )
    try:
        with np.errstate(over="ignore"):
            array = np.array(cells, dtype=dtype)
    except (OverflowError, ValueError):
        raise malformed(f"input {_name(tensor)}: a value does not fit {kind}") from None
    if dtype.kind == "f":
        _require_exact(tensor, cells, array)
    return array.reshape(shape)


def _flatten(tensor: dict[str, Any], shape: list[int]) -> list[Any] | Tensor:
    """Return the cells of data that is flat, or nested as the shape says; nested otherwise, its order is a guess."""
    data: list[Any] | Tensor = tensor["data"]
    if isinstance(data, np.ndarray):
        if data.ndim == 1 or list(data.shape) == shape:
            return data.reshape(-1)
        data = data.tolist()
    if list not in set(map(type, data)):
        return data
    if len(shape) != 2 or len(data) != shape[0] or any(type(row) is not list or len(row) != shape[1] for row in data):
        raise malformed(f"input {_name(tensor)}: data must be flat, or nested as its shape {shape} says")
    return list(chain.from_iterable(data))


def keeps_numbers(tensor: dict[str, Any]) -> bool:
    """Return whether a tensor's datatype holds each number of its data, whole or not, as an array of floats does."""
    kind, data = tensor.get("datatype"), tensor["data"]
    size = {"FP32": 4, "FP64": 8}.get(kind.upper()) if isinstance(kind, str) else None
    return size is not None and bool((np.abs(data) < _LARGEST_EXACT[size]).all())


def _require_exact(tensor: dict[str, Any], cells: list[Any], array: Tensor) -> None:
    """Refuse whole numbers that the datatype would change; decimals are rounded by any reader."""
    # An infinity is refused with its row and feature, later.
    large = np.flatnonzero(np.isfinite(array) & (np.abs(array) >= _LARGEST_EXACT[array.dtype.itemsize]))
    if any(type(cells[place]) is int and int(array[place]) != cells[place] for place in large.tolist()):
        raise malformed(f"input {_name(tensor)}: {_kind(tensor)} cannot hold one of the whole numbers exactly")


def from_bytes(tensor: dict[str, Any], content: memoryview) -> Tensor:
    """Return a tensor whose data came as bytes: little-endian, row by row."""
    kind, shape = _kind(tensor), shape_of(tensor)
    count = prod(shape)
    if kind == "BYTES":
        return _strings(tensor, content, count).reshape(shape)
    dtype = np.dtype(DTYPES[kind]).newbyteorder("<")
    if len(content) != count * dtype.itemsize:
        raise malformed(
            f"input {_name(tensor)}: {count} of {kind} need {count * dtype.itemsize} bytes, got {len(content)}"
        )
    if kind == "BOOL" and np.frombuffer(content, np.uint8).max(initial=0) > 1:
        raise malformed(f"input {_name(tensor)}: a BOOL is a byte of 0 or 1")
    return np.frombuffer(content, dtype).reshape(shape)


def _strings(tensor: dict[str, Any], content: memoryview, count: int) -> Tensor:
    # No memory is allocated for elements that were announced but not sent.
    if count * 4 > len(content):
        raise malformed(f"input {_name(tensor)}: {count} of BYTES need at least {count * 4} bytes, got {len(content)}")
    strings, place = np.empty(count, dtype=object), 0
    try:
        for number in range(count):
            size = int.from_bytes(content[place : place + 4], "little")
            if place + 4 + size > len(content):
                raise malformed(f"input {_name(tensor)}: the binary data ends within element {number}")
            strings[number] = bytes(content[place + 4 : place + 4 + size]).decode()
            place += 4 + size
    except UnicodeDecodeError:
        raise malformed(f"input {_name(tensor)}: an element is not UTF-8") from None
    if place != len(content):
        raise malformed(f"input {_name(tensor)}: {len(content) - place} bytes follow the last element")
    return strings


def to_bytes(array: Tensor) -> bytes:
    """Return an array as the protocol's raw bytes."""
    if array.dtype.kind != "O":
        return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
    strings = [str(text).encode() for text in array.ravel()]
    return b"".join(len(text).to_bytes(4, "little") + text for text in strings)


def _kind(tensor: dict[str, Any]) -> str:
    kind = tensor.get("datatype")
    if not isinstance(kind, str) or kind.upper() not in DTYPES:
        raise malformed(f"input {_name(tensor)}: datatype must be one of {', '.join(DTYPES)}")
    return kind.upper()


def _name(tensor: dict[str, Any]) -> str:
    return str(tensor.get("name"))[:80]

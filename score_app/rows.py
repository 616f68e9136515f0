"""A data frame, an array or plain lists as the rows that a caller of the service would send."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from model.schema.signature import Problem, SignatureError
from model.schema.values import is_missing


def rows_of(given: Any) -> tuple[list[Any], list[str] | None]:
    """Return rows of plain values, and the names of their columns if they have any."""
    if hasattr(given, "to_frame"):
        given = given.to_frame()
    if hasattr(given, "columns"):
        # pandas has marks of its own for what is missing.
        objects = given.astype(object).where(given.notna(), None)
        columns = [_cells(objects.iloc[:, place].tolist()) for place in range(given.shape[1])]
        return list(map(list, zip(*columns, strict=True))), [str(name) for name in given.columns]
    if isinstance(given, np.ndarray):
        if given.ndim != 2:
            raise SignatureError([Problem("shape", f"expected a table of two dimensions, got {given.ndim}")])
        # As a list, moments in nanoseconds would be numbers.
        rows = map(list, given) if given.dtype.kind == "M" else given.tolist()
        return [_cells(row) for row in rows], None
    return [_row(row) for row in given] if isinstance(given, list | tuple) else [_row(given)], None


def _row(row: Any) -> Any:
    if isinstance(row, dict):
        return dict(zip(row, _cells(list(row.values())), strict=True))
    return _cells(list(row)) if isinstance(row, list | tuple | np.ndarray) else _cell(row)


def _cells(values: list[Any]) -> list[Any]:
    return [_cell(value) for value in values]


def _cell(value: Any) -> Any:
    # Whether pandas' NA differs from itself, not even it says.
    if type(value).__name__ == "NAType" or is_missing(value):
        return None
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[us]"))
    if isinstance(value, np.generic):
        value = value.item()
    return value.isoformat() if isinstance(value, date) else value

"""Rows as the data frame that training had: its names, types and marks for missing values.

A whole number column takes 3.5 and null from a caller as pandas would: as floats. That must not depend on the other
rows of a call, so rows are grouped by which of their columns need it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from model.schema.rows import Table
from model.schema.signature import Feature, Signature
from model.schema.values import is_missing

if TYPE_CHECKING:
    import pandas as pd

Places = NDArray[np.intp]
_SIZED = ("i", "u", "b")


class Frames:
    """Make data frames for one signature."""

    def __init__(self, signature: Signature) -> None:
        self._features = signature.features
        self._names = list(signature.names)
        self._plain = signature.numeric and all(pandas_type(feature) == "float64" for feature in signature.features)

    def __call__(self, rows: Table) -> Iterator[tuple[Places | None, pd.DataFrame]]:
        """Give data frames, each with the places of its rows; None means all of them."""
        import pandas as pd  # noqa: PLC0415 - only data frames need it

        if self._plain and not isinstance(rows, dict):
            yield None, pd.DataFrame(rows, columns=self._names)
            return
        columns = self._columns(rows)
        for places, loose in self._groups(columns):
            picked = columns if places is None else [column[places] for column in columns]
            yield (
                places,
                pd.DataFrame(
                    {
                        feature.name: _series(feature, column, loose=flag)
                        for feature, column, flag in zip(self._features, picked, loose, strict=True)
                    }
                ),
            )

    def _columns(self, rows: Table) -> list[NDArray[Any]]:
        if isinstance(rows, dict):
            return [np.asarray(rows[name]).ravel() for name in self._names]
        return list(np.asarray(rows).T)

    def _groups(self, columns: list[NDArray[Any]]) -> Iterator[tuple[Places | None, list[bool]]]:
        marks = np.column_stack([_loose(*pair) for pair in zip(self._features, columns, strict=True)])
        if not marks.any():
            yield None, [False] * len(columns)
            return
        kinds, group = np.unique(marks, axis=0, return_inverse=True)
        for number, flags in enumerate(kinds.tolist()):
            yield np.flatnonzero(group.ravel() == number), flags


def pandas_type(feature: Feature) -> str:
    """Return the pandas type of a feature's column."""
    return feature.dtype or {"integer": "int64", "boolean": "bool", "number": "float64"}.get(feature.type, "object")


def _loose(feature: Feature, column: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which rows the training's type cannot hold."""
    dtype = pandas_type(feature)
    if feature.exact:
        return np.array([value is None for value in column], dtype=bool) & (dtype[0] in _SIZED)
    if feature.type not in ("integer", "boolean") or dtype[0].lower() not in _SIZED or dtype == "boolean":
        return np.zeros(len(column), dtype=bool)
    with np.errstate(invalid="ignore"):
        fits = (column == 0) | (column == 1) if feature.type == "boolean" else _whole(dtype, column)
    return ~(fits | np.isnan(column)) if dtype[0].isupper() else ~fits


def _whole(dtype: str, column: NDArray[Any]) -> NDArray[np.bool_]:
    bounds = np.iinfo(dtype.lower())
    fits: NDArray[np.bool_] = (column == np.floor(column)) & (column >= bounds.min) & (column < float(bounds.max) + 1)
    return fits


def _series(feature: Feature, column: NDArray[Any], *, loose: bool) -> Any:
    import pandas as pd  # noqa: PLC0415

    dtype = pandas_type(feature)
    if feature.type == "date":
        return _dates(dtype, column)
    if dtype.startswith("category"):
        convert: Any = {"integer": int, "boolean": bool}.get(feature.type, lambda value: value)
        known = [convert(value) for value in feature.categories or ()]
        return pd.Categorical(_with_null(feature, column), categories=known, ordered=dtype.endswith("[ordered]"))
    if feature.type == "string":
        return pd.Series(_with_null(feature, column), dtype=dtype)
    if dtype == "object":
        return pd.Series(_objects(feature, column), dtype=object)
    if loose:
        return pd.Series(column, dtype="float64" if not feature.exact else object)
    if dtype[0].isupper() or dtype == "boolean" or feature.exact:
        cells: Any = [None if is_missing(value) else value for value in column.tolist()]
        return pd.array(cells, dtype=dtype)
    return column.astype(dtype)


def _dates(dtype: str, column: NDArray[Any]) -> Any:
    import pandas as pd  # noqa: PLC0415

    if "," not in dtype:
        return pd.Series(column.astype(dtype))
    unit, zone = dtype.removeprefix("datetime64[").removesuffix("]").split(", ")
    return pd.Series(column.astype(f"datetime64[{unit}]")).dt.tz_localize("UTC").dt.tz_convert(zone)


def _with_null(feature: Feature, column: NDArray[Any]) -> NDArray[Any]:
    """Return strings, or numbers of a category, with what training had for missing ones."""
    if feature.null == "nan" or column.dtype != object:
        return column
    return np.array([None if is_missing(value) else value for value in column], dtype=object)


def _objects(feature: Feature, column: NDArray[Any]) -> list[Any]:
    """Return Python's own booleans and numbers, as a column of objects holds them."""
    null = None if feature.null == "none" else np.nan
    convert = bool if feature.type == "boolean" else int if feature.type == "integer" else float
    return [null if is_missing(value) else _object(value, convert) for value in column.tolist()]


def _object(value: float, convert: Any) -> Any:
    converted = convert(value)
    return converted if converted == value else value

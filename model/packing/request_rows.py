"""A data frame as the rows of a caller would arrive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model.schema.rows import Table
from model.schema.signature import MATRIX_TYPES, Feature


def as_request_rows(rows: pd.DataFrame, features: Sequence[Feature]) -> Table:
    """Return one matrix, or one column of [n, 1] a feature."""
    if all(feature.type in MATRIX_TYPES and not feature.exact for feature in features):
        return np.column_stack([_numbers(rows[feature.name]) for feature in features])
    return {feature.name: _column(rows[feature.name], feature).reshape(-1, 1) for feature in features}


def _column(column: pd.Series[Any], feature: Feature) -> NDArray[Any]:
    if feature.type == "string":
        return column.astype(object).where(column.notna(), np.nan).to_numpy(dtype=object, copy=True)
    if feature.type == "date":
        moments = pd.to_datetime(column, utc=True).dt.tz_localize(None)
        return moments.to_numpy(dtype="datetime64[us]", copy=True)
    if feature.exact:
        whole = [None if gap else int(value) for value, gap in zip(column, column.isna(), strict=True)]
        found = np.empty(len(whole), dtype=object)
        found[:] = whole
        return found
    return _numbers(column)


def _numbers(column: pd.Series[Any]) -> NDArray[np.float64]:
    if column.dtype == object or isinstance(column.dtype, pd.CategoricalDtype):
        column = pd.Series([np.nan if pd.isna(value) else float(value) for value in column])
    numbers: NDArray[np.float64] = column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    return numbers

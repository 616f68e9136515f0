"""A caller's row as a frame that has the names and the dtypes of training, for the estimator itself."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from tests.differential.rows import Row


@dataclass
class Asked:
    """A row, and the frames that it may mean."""

    row: Row
    frames: list[pd.DataFrame] | None
    """None where the row fits the dtypes of training; otherwise what else pandas could make of it, perhaps nothing."""


def asked(row: Row, like: pd.DataFrame) -> Asked:
    """Return what a row means; where a cell does not fit its column's dtype, a refusal is right as well."""
    bent = [name for name in like if not fits(row[name], like[name])]
    if not bent:
        return Asked(row, None)
    choices = {name: others(row[name], like[name]) for name in bent}
    frames = []
    for place in range(max(map(len, choices.values())) if all(choices.values()) else 0):
        cells = {name: found[min(place, len(found) - 1)] for name, found in choices.items()}
        frames.append(pd.DataFrame({n: cells[n] if n in cells else column([row[n]], like[n]) for n in like}))
    return Asked(row, frames)


def frame(rows: list[Row], like: pd.DataFrame) -> pd.DataFrame:
    """Return rows that fit as one frame."""
    return pd.DataFrame({name: column([row[name] for row in rows], like[name]) for name in like})


def column(values: list[Any], like: pd.Series) -> pd.Series:
    """Return JSON values as a column of the training's dtype."""
    dtype = like.dtype
    if types.is_datetime64_any_dtype(dtype):
        return pd.Series([pd.NaT if value is None else pd.Timestamp(value) for value in values], dtype=dtype)
    if isinstance(dtype, pd.CategoricalDtype):
        return pd.Series(pd.Categorical(values, dtype=dtype))
    if types.is_object_dtype(dtype):
        gap = next((value for value in like if value is None), np.nan)
        return pd.Series([gap if value is None else value for value in values], dtype=object)
    if types.is_extension_array_dtype(dtype) and not types.is_string_dtype(dtype):
        return pd.Series([pd.NA if value is None else value for value in values], dtype=dtype)
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return pd.Series([np.nan if value is None else float(value) for value in values]).astype(dtype)
    return pd.Series(values, dtype=dtype)


def fits(value: Any, like: pd.Series) -> bool:
    """Tell whether the dtype of training holds this value exactly as a caller means it."""
    dtype = like.dtype
    if types.is_datetime64_any_dtype(dtype):
        return value is None or (isinstance(value, str) and len(value) == 10 and bool(others(value, like)))
    if isinstance(dtype, pd.CategoricalDtype):
        return value is None or value in dtype.categories
    if types.is_bool_dtype(dtype):
        return isinstance(value, bool) or (value is None and types.is_extension_array_dtype(dtype))
    if types.is_integer_dtype(dtype):
        if value is None:
            return types.is_extension_array_dtype(dtype)
        limits = np.iinfo(getattr(dtype, "numpy_dtype", dtype))
        return value == int(value) and limits.min <= value <= limits.max
    if dtype == np.float32:
        return value is None or abs(value) <= np.finfo(np.float32).max
    return True


def others(value: Any, like: pd.Series) -> list[pd.Series]:
    """Return what pandas could make of a value that does not fit."""
    dtype = like.dtype
    if types.is_datetime64_any_dtype(dtype):
        try:
            # "" is the empty cell of a CSV file.
            return [column([value or None], like)]
        except (ValueError, OverflowError):
            return []
    if isinstance(dtype, pd.CategoricalDtype):
        return [pd.Series(pd.Categorical([None], dtype=dtype)), pd.Series([value]), pd.Series([value], dtype=object)]
    if types.is_bool_dtype(dtype):
        if value is None:
            return [pd.Series([None], dtype=object), pd.Series([np.nan], dtype=object), pd.Series([np.nan])]
        return [pd.Series([bool(value)], dtype=dtype), pd.Series([value])]
    if types.is_integer_dtype(dtype):
        wide = pd.Series([np.nan if value is None else float(value)])
        return [wide.astype("Float64"), wide] if types.is_extension_array_dtype(dtype) else [wide]
    with np.errstate(over="ignore"):
        return [pd.Series([np.float32(value)]), pd.Series([float(value)])]

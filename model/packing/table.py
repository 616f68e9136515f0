"""Rows of data as pandas holds them: which columns a model takes, and what callers would send for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from model.bundle.files import BundleError
from model.schema.rows import Table
from model.schema.signature import Type


class PackError(BundleError):
    """A model that cannot be packed as asked, in one sentence."""


def read_table(path: Path, separator: str | None = ",") -> pd.DataFrame:
    """Read a CSV file whose first line names the columns; without a separator, find out which one it uses."""
    try:
        table = pd.read_csv(path, sep=separator, engine="c" if separator else "python")
    except OSError as error:
        raise PackError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise PackError(f"{path} is not a CSV table: {' '.join(str(error).split())}") from None
    if table.empty:
        raise PackError(f"{path} has no rows below its header")
    return table


def require_estimator(thing: Any) -> None:
    """Refuse anything that is not a fitted estimator with predict."""
    kind = type(thing).__name__
    if isinstance(thing, type) or not hasattr(thing, "get_params"):
        raise PackError(f"the file holds a {kind}, not a scikit-learn estimator")
    if not hasattr(thing, "predict"):
        raise PackError(f"{kind} has no predict, so there is nothing that it could answer")
    try:
        check_is_fitted(thing)
    except NotFittedError:
        raise PackError(f"{kind} was saved before it was fitted") from None


def select(estimator: Any, data: pd.DataFrame, target: str | None) -> pd.DataFrame:
    """Return the columns that the model takes, in its order."""
    rest = data.drop(columns=[target]) if target is not None else data
    known = getattr(estimator, "feature_names_in_", None)
    if known is not None:
        if lacking := [str(name) for name in known if name not in data.columns]:
            raise PackError(
                f"the data lacks {_list(lacking)}, which the model was fitted on (it has {_list(data.columns)})"
            )
        return data[list(known)]
    width = getattr(estimator, "n_features_in_", None)
    if width is not None and width != rest.shape[1]:
        beside = f" beside the target {target!r}" if target is not None else " (--target names the one to predict)"
        raise PackError(f"the model was fitted on {width} columns, the data has {rest.shape[1]}{beside}")
    return rest


def column_types(rows: pd.DataFrame) -> dict[str, Type]:
    """Return what JSON calls the values of each column."""
    return {str(name): column_type(rows[name]) for name in rows.columns}


def neutral(rows: pd.DataFrame, types: Mapping[str, Type]) -> Table:
    """Return a data frame as the rows of a caller would arrive: one matrix, or one column of [n, 1] a feature."""
    if "string" not in types.values():
        return rows.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    return {
        name: (
            rows[name].astype(object).where(rows[name].notna(), np.nan).to_numpy(dtype=object, copy=True)
            if kind == "string"
            else rows[name].to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        ).reshape(-1, 1)
        for name, kind in types.items()
    }


def column_type(column: pd.Series[Any]) -> Type:
    """Return what JSON calls the values of a column."""
    kind = column.dtype.kind if isinstance(column.dtype, np.dtype) else "O"
    values = column.dropna()
    if values.empty:
        raise PackError(f"column {column.name!r} has no value in any row, so nothing can be learnt about it")
    if kind == "b" or (values.map(type).isin([bool, np.bool_]).all()):
        return "boolean"
    if kind in "iu" or (kind == "f" and column.hasnans and (values % 1 == 0).all()):
        return "integer"
    if kind == "f":
        return "number"
    if kind == "O" and values.map(lambda value: isinstance(value, str)).all():
        return "string"
    raise PackError(f"column {column.name!r} is of type {column.dtype}: only numbers, booleans and strings are served")


def _list(names: Iterable[Any]) -> str:
    texts = [str(name) for name in names]
    return ", ".join(texts[:12]) + (f" and {len(texts) - 12} more" if len(texts) > 12 else "")

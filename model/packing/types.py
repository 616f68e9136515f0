"""The type of each column, as training had it.

A data frame brings its types. A CSV file does not: there the fitted steps decide (an encoder's categories, a step
that computes), and what the command line asks for. A column that could be read in two ways is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
import pandas as pd

from model.packing.data import PackError, is_number, listed
from model.packing.origins import Evidence
from model.schema.signature import Type
from model.schema.values import is_missing

WISHES = (*get_args(Type), "category")
# What pandas reads as a missing value by default.
GAPS = frozenset({
    "", " ", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
})  # fmt: skip
_BOOLEANS = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}
_WHOLE = re.compile(r"[+-]?\d+")
_PADDED = re.compile(r"[+-]?0\d+")
EXACT = 2**53


def parse_wishes(texts: tuple[str, ...]) -> dict[str, str]:
    """Return `column=type` texts as a mapping."""
    found = {}
    for text in (part for each in texts for part in each.split(",")):
        name, _, kind = text.rpartition("=")
        if not name or kind not in WISHES:
            raise PackError(f"--types {text}: write column=type, where type is one of {', '.join(WISHES)}")
        found[name] = kind
    return found


def typed_from_cells(
    cells: pd.DataFrame, evidence: Mapping[str, Evidence], wishes: Mapping[str, str], *, strict: bool
) -> pd.DataFrame:
    """Return a CSV file's columns with the types that training had; strictly where own code may see any of them."""
    columns = {
        name: _column(name, cells[name], evidence[name], wishes.get(name), strict=strict) for name in cells.columns
    }
    return pd.DataFrame(columns)


def _column(name: str, cells: pd.Series[Any], evidence: Evidence, wish: str | None, *, strict: bool) -> pd.Series[Any]:
    if wish is not None:
        return converted(name, cells, wish)
    if evidence.text or evidence.label:
        return cells.astype("str").mask(cells == "")
    if evidence.frame_categories is not None:
        return categorical(_of_categories(name, cells, evidence.frame_categories), evidence.frame_categories)
    if evidence.categories is not None:
        return _of_categories(name, cells, evidence.categories)
    return _numbers(name, cells) if evidence.numeric else _guessed(name, cells, strict=strict)


def categorical(column: pd.Series[Any], known: tuple[Any, ...]) -> pd.Series[Any]:
    """Return a column with the categories that training had, in their order."""
    ordered = isinstance(column.dtype, pd.CategoricalDtype) and bool(column.dtype.ordered)
    return column.astype(pd.CategoricalDtype(list(known), ordered=ordered))


def converted(name: str, cells: pd.Series[Any], wish: str) -> pd.Series[Any]:
    """Return a column with the type that was asked for; cells hold strings, or what a data frame had."""
    texts = all(isinstance(cell, str) for cell in cells)
    if wish == "string":
        # Asked for strings, everything is one, "NA" and an empty cell too.
        return cells.astype("str") if texts else cells.map(str, na_action="ignore").astype("str")
    if wish == "category":
        return (cells.mask(cells == "") if texts else cells).astype("category")
    if wish == "date":
        return _dates(name, cells.mask(cells.isin(GAPS)) if texts else cells)
    numbers = _numbers(name, cells) if texts else cells
    if wish == "boolean":
        if not numbers.dropna().isin([0, 1]).all():
            raise PackError(f"column {name!r} holds something else than true and false")
        return numbers.astype("boolean" if numbers.isna().any() else "bool")
    if wish == "integer":
        return _integers(name, numbers)
    return numbers.astype("float64")


def _integers(name: str, numbers: pd.Series[Any]) -> pd.Series[Any]:
    if numbers.dtype.kind == "f" and not (numbers.dropna() % 1 == 0).all():
        raise PackError(f"column {name!r} holds numbers that are not whole")
    return numbers.astype("Int64" if numbers.isna().any() else "int64")


def _of_categories(name: str, cells: pd.Series[Any], categories: tuple[Any, ...]) -> pd.Series[Any]:
    known = [value for value in categories if not is_missing(value)]
    if all(isinstance(value, str) for value in known):
        gaps = cells.isin(GAPS.difference(known))
        return cells.astype("str").mask(gaps)
    if all(isinstance(value, int | float) for value in known):
        return _numbers(name, cells)
    if all(isinstance(value, pd.Timestamp | np.datetime64) for value in known):
        return _dates(name, cells.mask(cells.isin(GAPS)))
    raise PackError(f"column {name!r}: the model's categories are of several types ({listed(known)}); bring Parquet")


def _numbers(name: str, cells: pd.Series[Any]) -> pd.Series[Any]:
    gaps = cells.isin(GAPS)
    there = cells[~gaps]
    if len(there) and there.isin(_BOOLEANS).all():
        flags = cells.map(_BOOLEANS)
        return flags.astype("bool") if not gaps.any() else flags.astype(object)
    if not gaps.any() and there.map(lambda text: _WHOLE.fullmatch(text) is not None).all():
        whole = [int(text) for text in there]
        if all(-(2**63) <= number < 2**63 for number in whole):
            return pd.Series(whole, index=cells.index, dtype="int64")
    try:
        return pd.to_numeric(cells.mask(gaps)).astype("float64")
    except (ValueError, TypeError):
        wrong, text = next((place, text) for place, text in there.items() if not is_number(text))
        raise PackError(
            f"column {name!r} holds {text!r} (row {wrong}), but the model computes with it as a number"
        ) from None


def _dates(name: str, cells: pd.Series[Any]) -> pd.Series[Any]:
    try:
        return pd.to_datetime(cells, format="ISO8601")
    except (ValueError, TypeError) as error:
        raise PackError(f"column {name!r} holds something else than dates in ISO 8601: {error}") from None


def _guessed(name: str, cells: pd.Series[Any], *, strict: bool) -> pd.Series[Any]:
    """Read a column that only somebody's own code sees, unless it could have been read in two ways."""
    there = cells[~cells.isin(GAPS)]
    if len(there) and there.isin(_BOOLEANS).all():
        return _numbers(name, cells)
    if there.map(is_number).all():
        if strict and there.map(lambda text: _PADDED.fullmatch(text) is not None).any():
            raise _two_ways(name, "numbers with zeros in front", "string", "integer")
        return _numbers(name, cells)
    gaps = sorted(set(cells[cells.isin(GAPS - {""})]))
    if gaps and strict:
        raise PackError(
            f"column {name!r} holds {gaps[0]!r}, which is a text or a missing value: --types {name}=string keeps it "
            "as a text; leave the cell empty where a value is missing, or bring Parquet"
        )
    return cells.astype("str").mask(cells.isin(GAPS))


def _two_ways(name: str, what: str, *wishes: str) -> PackError:
    choices = " or ".join(f"--types {name}={wish}" for wish in wishes)
    return PackError(f"column {name!r} holds {what}: what did training have, {choices}? Or bring Parquet")


def feature_type(name: str, column: pd.Series[Any]) -> Type:
    """Return what JSON calls the values of a typed column."""
    dtype, there = column.dtype, column.dropna()
    if there.empty:
        raise PackError(f"column {name!r} has no value in any row, so nothing can be learnt about it")
    if isinstance(dtype, pd.CategoricalDtype):
        return _kind_of_values(name, pd.Series(dtype.categories))
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "date"
    if pd.api.types.is_integer_dtype(dtype):
        return "integer"
    if pd.api.types.is_float_dtype(dtype):
        return "number"
    return _kind_of_values(name, there)


def _kind_of_values(name: str, values: pd.Series[Any]) -> Type:
    kinds = {type(value) for value in values}
    if kinds <= {str, np.str_}:
        return "string"
    if kinds <= {bool, np.bool_}:
        return "boolean"
    if all(issubclass(kind, int | np.integer) and kind is not bool for kind in kinds):
        return "integer"
    if all(issubclass(kind, int | float | np.number) and kind is not bool for kind in kinds):
        return "number"
    names = listed(sorted(kind.__name__ for kind in kinds))
    raise PackError(
        f"column {name!r} holds {names}: numbers, booleans, strings and dates are served; "
        f"convert it with astype, or with --types {name}=TYPE, one of {', '.join(WISHES)}"
    )

"""Encoders of categories as columns: what they make of each category they know, of others, and of missing values.

A known category is encoded by the fitted encoder itself: there are finitely many, so nothing is concluded from some.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.packing.compact.columns import Column, Lookup, Missing, Number, Text, Underivable
from model.schema.values import is_missing


def one_hot(step: Any, columns: list[Column]) -> list[Column]:
    """Return one column for each category that is not dropped."""
    found: list[Column] = []
    codes, widths = known_codes(step)
    start = 0
    for place, column in enumerate(columns):
        table = codes[place][:, start : start + widths[place]]
        start += widths[place]
        unknown = _one_hot_of_unknown(step, place, table)
        found += _lookups(column, step.categories_[place], table, unknown)
    return found


def ordinal(step: Any, columns: list[Column]) -> list[Column]:
    """Return each column as codes."""
    found: list[Column] = []
    codes, _ = known_codes(step)
    takes_unknown = step.handle_unknown == "use_encoded_value"
    for place, column in enumerate(columns):
        unknown = np.array([float(step.unknown_value)]) if takes_unknown else None
        known = codes[place][:, place : place + 1]
        found += _lookups(column, step.categories_[place], known, unknown)
    return found


def known_codes(step: Any) -> tuple[list[NDArray[np.float64]], list[int]]:
    """Return, for each column, what the encoder makes of each category there (the others at their first one)."""
    several = step.categories_
    row = np.array([[values[0] for values in several]], dtype=object)
    tables = []
    for place, categories in enumerate(several):
        asked = np.repeat(row, len(categories), axis=0)
        asked[:, place] = categories
        codes = step.transform(asked)
        tables.append(np.asarray(codes.toarray() if hasattr(codes, "toarray") else codes, dtype=np.float64))
    compute = getattr(step, "_compute_transformed_categories", None)
    widths = [len(compute(place)) if compute and hasattr(step, "drop_idx_") else 1 for place in range(len(several))]
    return tables, widths


def _one_hot_of_unknown(step: Any, place: int, table: NDArray[np.float64]) -> NDArray[np.float64] | None:
    if step.handle_unknown == "error":
        return None
    rare = getattr(step, "infrequent_categories_", None)
    if step.handle_unknown in ("infrequent_if_exist", "warn") and rare is not None and rare[place] is not None:
        encoded: NDArray[np.float64] = table[_place(step.categories_[place].tolist(), rare[place].tolist()[0])]
        return encoded
    return np.zeros(table.shape[1])


def _place(categories: list[Any], wanted: Any) -> int:
    """Return where a category stands; NaN is one too, and not equal to itself."""
    if not is_missing(wanted):
        return categories.index(wanted)
    return [is_missing(each) and type(each) is type(wanted) for each in categories].index(True)


def _lookups(column: Column, categories: Any, table: Any, unknown: Any) -> list[Column]:
    return [
        _lookup(column, categories.tolist(), codes.tolist(), None if unknown is None else float(unknown[place]))
        for place, codes in enumerate(np.asarray(table).T)
    ]


def _lookup(column: Column, categories: list[Any], codes: list[float], unknown: Missing) -> Lookup:
    values: dict[Any, float] = {}
    missing = unknown
    for category, code in zip(categories, codes, strict=True):
        if is_missing(category):
            missing = code
        else:
            values[category] = code
    if isinstance(column, Text):
        if not all(type(category) is str for category in values):
            raise Underivable("categories of several types")
    elif not isinstance(column, Number) or column.operations:
        raise Underivable("encoding of what was computed before")
    else:
        values = _numeric(values)
    filler = column.missing
    if filler is None:
        missing = None
    elif filler == filler:  # noqa: PLR0124 - it was filled before it was encoded
        missing = values.get(filler, unknown)
    return Lookup(column.feature, values, unknown, missing)


def _numeric(values: dict[Any, float]) -> dict[Any, float]:
    """Return the categories as the numbers that callers send for them."""
    if any(type(category) not in (int, float, bool) for category in values):
        raise Underivable("categories of several types")
    if any(abs(category) >= 2**53 for category in values):
        raise Underivable("categories that a float64 cannot hold")
    return {float(category): code for category, code in values.items()}

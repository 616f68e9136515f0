"""A column between two steps of a pipeline, as a function of the features that callers send."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan, nan
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from model.runtime.compact.form import Change, Words

Kind = Literal["subtract", "add", "multiply", "divide", "clip"]
Missing = float | None
"""What stands for a missing value: NaN itself, a number that fills it, or None where a step refuses it."""


class Underivable(Exception):  # noqa: N818 - not an error: the model is served without a compact form
    """Why a model has no compact form."""


@dataclass(frozen=True)
class Operation:
    """One operation of float64 arithmetic on a number."""

    kind: Kind
    operand: float
    upper: float = nan

    def __call__(self, value: float) -> float:
        """Apply it; NaN stays NaN."""
        if self.kind == "clip":
            return min(max(value, self.operand), self.upper) if value == value else value  # noqa: PLR0124
        return _OPERATIONS[self.kind](value, self.operand)


_OPERATIONS: Mapping[str, Callable[[float, float], float]] = {
    "subtract": lambda value, operand: value - operand,
    "add": lambda value, operand: value + operand,
    "multiply": lambda value, operand: value * operand,
    "divide": lambda value, operand: value / operand,
}


@dataclass(frozen=True)
class Number:
    """A numeric feature after some operations."""

    feature: int
    operations: tuple[Operation, ...] = ()
    missing: Missing = nan

    def after(self, operation: Operation) -> Number:
        """Return the column after one more operation."""
        missing = None if self.missing is None else operation(self.missing)
        return replace(self, operations=(*self.operations, operation), missing=missing)


@dataclass(frozen=True)
class Text:
    """A feature of strings as it came, or with missing values filled."""

    feature: int
    missing: str | float | None = nan


@dataclass(frozen=True)
class Lookup:
    """A number for each known category of a feature; None means that the row is refused."""

    feature: int
    values: Mapping[Any, float]
    unknown: Missing
    missing: Missing

    def after(self, operation: Operation) -> Lookup:
        """Return the column after an operation."""
        return self.mapped(lambda value: None if value is None else operation(value))

    def mapped(self, change: Callable[[Missing], Missing]) -> Lookup:
        """Return the column with its values changed; a category that is left without one is refused."""
        values = {key: change(value) for key, value in self.values.items()}
        unknown = change(self.unknown)
        if unknown is not None and None in values.values():
            raise Underivable("a step refuses some categories and takes unknown ones")
        kept = {key: value for key, value in values.items() if value is not None}
        return Lookup(self.feature, kept, unknown, change(self.missing))


@dataclass(frozen=True)
class Mixture:
    """A weighted sum of columns."""

    parts: tuple[tuple[Number | Lookup, float], ...]
    constant: float = 0.0

    def after(self, operation: Operation) -> Mixture:
        """Return the column after an operation, as far as sums allow it."""
        number = operation.operand
        if operation.kind in ("add", "subtract"):
            return replace(self, constant=operation(self.constant))
        if operation.kind == "clip":
            raise Underivable("clipping of a sum of features")
        factor = number if operation.kind == "multiply" else 1.0 / number
        return Mixture(tuple((part, weight * factor) for part, weight in self.parts), self.constant * factor)


@dataclass(frozen=True, eq=False)
class Document:
    """The terms of a text: many columns at once, one a term that no step has dropped."""

    feature: int
    words: Words
    changes: tuple[Change, ...]
    terms: tuple[str, ...] | None
    """All terms in their order, or None where they are hashed."""
    signed: bool
    """A hashed term may count -1."""
    kept: NDArray[np.intp]
    """The places of the terms that are these columns."""
    size: int
    """How many terms or buckets there are in all."""
    idf: NDArray[np.float64] | None = None
    factors: NDArray[np.float64] | None = None
    """What each column is multiplied with in the end."""

    def after(self, operation: Operation) -> Document:
        """Return the columns after an operation on each of them."""
        return self.scaled(operation.kind, np.full(len(self.kept), operation.operand))

    def scaled(self, kind: str, operands: NDArray[np.float64]) -> Document:
        """Return the columns multiplied or divided by a number each."""
        if kind not in ("multiply", "divide"):
            raise Underivable("a step that moves the counts of terms")
        factors = np.ones(len(self.kept)) if self.factors is None else self.factors
        return replace(self, factors=factors * operands if kind == "multiply" else factors / operands)

    def picked(self, support: NDArray[np.bool_]) -> Document:
        """Return the columns that a step keeps."""
        factors = None if self.factors is None else self.factors[support]
        return replace(self, kept=self.kept[support], factors=factors)


Column = Number | Text | Lookup | Mixture | Document


def width(columns: Sequence[Column]) -> int:
    """Return how many columns of scikit-learn's these are."""
    return sum(len(column.kept) if isinstance(column, Document) else 1 for column in columns)


def spans(columns: Sequence[Column]) -> Iterator[tuple[Column, slice]]:
    """Give each column with its places among scikit-learn's."""
    start = 0
    for column in columns:
        end = start + width([column])
        yield column, slice(start, end)
        start = end


def refuse_missing(column: Column) -> Column:
    """Return the column as a step leaves it that takes no missing values."""
    if isinstance(column, Document):
        return column
    if isinstance(column, Number | Text):
        return replace(column, missing=None) if is_nan(column.missing) else column
    if isinstance(column, Lookup):
        return column.mapped(lambda value: None if is_nan(value) else value)
    parts: Any = tuple((refuse_missing(part), weight) for part, weight in column.parts)
    return replace(column, parts=parts)


def fill_missing(column: Column, filler: float) -> Column:
    """Return the column with NaN replaced."""
    if isinstance(column, Number):
        return replace(column, missing=filler) if is_nan(column.missing) else column
    if isinstance(column, Lookup):
        return column.mapped(lambda value: filler if is_nan(value) else value)
    raise Underivable("filling of a sum of features")


def is_nan(value: object) -> bool:
    """Tell NaN from everything else, None and strings among it."""
    return isinstance(value, float) and isnan(value)

"""Terms of a text with the weights of a fitted model, as they stand in a bundle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from model.packing.compact.columns import Column, Document, Lookup, Underivable
from model.runtime.compact.form import Document as Weighted
from model.runtime.compact.form import Hashed

Vector = NDArray[np.float64]
_MOST_BYTES = 64 << 20


def weighted(column: Document, weights: Vector) -> Weighted:
    """Return a text's terms with a weight for each score; `weights` has one row a column."""
    table = np.zeros((column.size, weights.shape[1]))
    table[column.kept] = weights if column.factors is None else weights * column.factors[:, None]
    if not np.isfinite(table).all() or (column.idf is not None and not np.isfinite(column.idf).all()):
        raise Underivable("parameters that are not finite numbers")
    idf, found, terms = column.idf, None, column.terms
    if terms is None:
        other, places = _common(table, idf)
        rows = [*places.tolist(), other]
        found = Hashed(column.size, column.signed, places.astype("<i4").tobytes())
        table, idf = table[rows], None if idf is None else idf[rows]
    elif not _is_text("".join(terms)):
        raise Underivable("a vocabulary of what is no text")
    if table.nbytes > _MOST_BYTES:
        raise Underivable("a vocabulary that is too large")
    return Weighted(
        feature=column.feature, words=column.words, changes=column.changes, weights=_bytes(table),
        idf=b"" if idf is None else _bytes(idf), terms=terms or (), hashed=found,
    )  # fmt: skip


def _bytes(numbers: Vector) -> bytes:
    return numbers.astype("<f8").tobytes()


def _common(table: Vector, idf: Vector | None) -> tuple[int, NDArray[np.intp]]:
    """Return a bucket like most, which no term of training fell into, and all that have other numbers."""
    every = table if idf is None else np.column_stack([table, idf])
    values, counts = np.unique(every[:, -1], return_counts=True)
    other = int((every[:, -1] == values[counts.argmax()]).argmax())
    return other, np.flatnonzero((every != every[other]).any(axis=1))


def _is_text(terms: str) -> bool:
    try:
        return bool(terms.encode()) or not terms
    except UnicodeEncodeError:
        return False


def require_not_negative(column: Column) -> None:
    """Refuse what may be negative: naive Bayes raises for such rows."""
    if isinstance(column, Document):
        if column.signed or not _stays_positive(column):
            raise Underivable("counts of terms that may be negative")
    elif not isinstance(column, Lookup) or _least(column) < 0:
        raise Underivable("numbers that may be negative")


def _least(column: Lookup) -> float:
    return min((*column.values.values(), column.unknown or 0.0, column.missing or 0.0))


def presence(column: Column) -> Column:
    """Return a column as BernoulliNB takes it: 1 where something is above 0."""
    if isinstance(column, Lookup):
        return column.mapped(lambda value: None if value is None else float(value > 0))
    if not isinstance(column, Document) or column.signed or not _stays_positive(column):
        raise Underivable("counts of terms that may be negative")
    if column.factors is not None and not (column.factors > 0).all():
        raise Underivable("terms that count nothing")
    return replace(column, changes=("presence",), idf=None, factors=None)


def _stays_positive(column: Document) -> bool:
    """Tell whether every term that a text has stays above 0: logarithms of shares do not."""
    norms = [place for place, change in enumerate(column.changes) if change in ("l1", "l2", "idf")]
    late = "logarithm" in column.changes[norms[0] :] if norms else False
    return not late and (column.idf is None or bool((column.idf > 0).all()))

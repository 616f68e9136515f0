"""What a text adds to the scores of a row: its terms, counted, changed and weighted in scikit-learn's order.

All sums are taken term after term in the order of scikit-learn's columns, so that they are rounded alike: where two
classes are equally good for a text, the last bit decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import sqrt
from operator import mul
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.runtime.compact.form import Document
from model.runtime.compact.hashing import placed
from model.runtime.compact.words import analyzer

Part = tuple[Sequence[float], float]
"""What a text adds to each score, and by how much rounding may have moved that."""
Added = Callable[[str], Part]
Counts = Callable[[str], dict[int, int]]
Values = Sequence[float]
Vector = NDArray[np.float64]
# By how much rounding may move a sum, for each of its parts: this program's and scikit-learn's together, and some more.
ROUNDING = float(np.finfo(np.float64).eps) * 8
_MANY = 32
"""Terms that are added up by numpy; fewer of them are quicker one after the other."""
# So many scores are added up one after the other; of more, numpy adds all of them at once.
_FEW = 4


class _Zero(float):
    """A start for sum(), which adds floats with higher precision from Python 3.12 on, but only to a plain float."""


_ZERO = _Zero()


def added(document: Document, scores: int) -> Added:
    """Return what gives the part of a text; a text that scikit-learn refuses raises a ValueError."""
    counts, row_of = _counted(document), _rows(document)
    idf = np.frombuffer(document.idf).tolist()
    table = np.frombuffer(document.weights).reshape(-1, scores)
    weighted, largest = _weighted(table), float(np.abs(table).max(initial=0.0)) * ROUNDING
    changes = [_CHANGES[change] for change in document.changes]
    nothing, quick = [0.0] * scores, _by_numpy(document, table, largest)

    def add(text: str) -> Part:
        found = counts(text)
        if not found:
            return nothing, 0.0
        if len(found) > _MANY:
            return quick(found)
        places = sorted(found)
        values: Values = list(map(found.__getitem__, places))
        rows = places if row_of is None else list(map(row_of, places))
        for change in changes:
            values = change(values, idf, rows)
        return weighted(values, rows), largest * (len(values) + 8) * sum(map(abs, values))

    return add


def _by_numpy(document: Document, table: Vector, largest: float) -> Callable[[dict[int, int]], Part]:
    """Return what adds up many terms at once, which numpy does quicker from some dozens on."""
    idf, row_of = np.frombuffer(document.idf), _rows(document)

    def add(found: dict[int, int]) -> Part:
        places = np.fromiter(found, np.intp, len(found))
        order = places.argsort()
        values = np.fromiter(found.values(), np.float64, len(found))[order]
        rows = places[order] if row_of is None else np.array(list(map(row_of, places[order].tolist())))
        for change in document.changes:
            if change == "presence":
                values = np.ones(len(values))
            elif change == "logarithm":
                if not (values > 0).all():
                    raise ValueError("the logarithm of a count that is not positive")
                values = np.log(values) + 1.0
            elif change == "idf":
                values = values * idf[rows]
            else:
                norm = float(_last(np.abs(values)) if change == "l1" else sqrt(_last(values * values)))
                values = values / norm if norm else values
        return _product(values, table[rows]), largest * (len(values) + 8) * float(np.abs(values).sum())

    return add


def _product(values: Vector, table: Vector) -> list[float]:
    """Return the sums of the rows, each times its value: numpy adds rows one by one, but not single numbers."""
    if table.shape[1] == 1:
        return [float(_last(values * table[:, 0]))]
    parts = table * values[:, None]
    return np.add.reduce(parts, axis=0).tolist()  # type: ignore[no-any-return]


def _last(values: Vector) -> Any:
    """Return the sum of numbers that are added one after the other."""
    return values.cumsum()[-1]


def _counted(document: Document) -> Counts:
    """Return what counts a text's terms by place."""
    terms = analyzer(document.words)
    if document.hashed is not None:
        place_of = placed(document.hashed.buckets, signed=document.hashed.signed)

        def hashed(text: str) -> dict[int, int]:
            counts: dict[int, int] = {}
            for place, sign in map(place_of, terms(text)):
                counts[place] = counts.get(place, 0) + sign
            return counts

        return hashed
    known = {term: place for place, term in enumerate(document.terms)}.get

    def counted(text: str) -> dict[int, int]:
        counts: dict[Any, int] = Counter(map(known, terms(text)))
        counts.pop(None, None)
        return counts

    return counted


def _rows(document: Document) -> Callable[[int], int] | None:
    """Return what gives a place its row among the weights; None where they are the same."""
    if document.hashed is None:
        return None
    places = np.frombuffer(document.hashed.places, dtype=np.int32).tolist()
    known, others = {place: row for row, place in enumerate(places)}.get, len(places)

    def row_of(place: int) -> int:
        return known(place, others)

    return row_of


def _weighted(table: Any) -> Callable[[Values, Sequence[int]], Sequence[float]]:
    if table.shape[1] > _FEW:
        return lambda values, rows: _product(np.array(values, dtype=np.float64), table[rows])
    columns = [column.__getitem__ for column in table.T.tolist()]
    if len(columns) == 1:
        (column,) = columns
        return lambda values, rows: (sum(map(mul, values, map(column, rows)), _ZERO),)
    return lambda values, rows: [sum(map(mul, values, map(each, rows)), _ZERO) for each in columns]


def _presence(values: Values, _idf: Values, _rows: Sequence[int]) -> Values:
    return [1.0] * len(values)


def _logarithm(values: Values, _idf: Values, _rows: Sequence[int]) -> Values:
    return list(map(_one_and_log, values))


@lru_cache(1024)
def _one_and_log(value: float) -> float:
    """Return 1 + log by numpy, whose last bit may differ from the math module's."""
    if value <= 0:
        raise ValueError("the logarithm of a count that is not positive")
    return float(np.log(value)) + 1.0


def _by_idf(values: Values, idf: Values, rows: Sequence[int]) -> Values:
    return list(map(mul, values, map(idf.__getitem__, rows)))


def _norm_1(values: Values, _idf: Values, _rows: Sequence[int]) -> Values:
    return _divided(values, sum(map(abs, values), _ZERO))


def _norm_2(values: Values, _idf: Values, _rows: Sequence[int]) -> Values:
    return _divided(values, sqrt(sum(map(mul, values, values), _ZERO)))


def _divided(values: Values, norm: float) -> Values:
    return [value / norm for value in values] if norm else values


_CHANGES: Mapping[str, Callable[[Values, Values, Sequence[int]], Values]] = {
    "presence": _presence,
    "logarithm": _logarithm,
    "idf": _by_idf,
    "l1": _norm_1,
    "l2": _norm_2,
}

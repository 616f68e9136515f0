"""Rows on both sides of where a classifier changes its mind, as near as its own arithmetic tells them apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.runtime.call_batcher import join
from model.runtime.estimator import Estimator
from model.schema.rows import Table

LEAST_DISTANCE = 1e-9
"""Nearer to a boundary than this share of the way between two training rows, a copy's label is not promised."""
_PAIRS, _STEPS = 150, 50
_DISTANCES = (1e-4, 1e-6, 1e-8, LEAST_DISTANCE)


def boundary_rows(model: Estimator, rows: Table, labels: NDArray[np.object_], seed: int = 0) -> Table | None:
    """Return rows beside the boundaries between training rows of different labels, or None where there are none."""
    one, other = _pairs(labels, np.random.default_rng(seed))
    if not len(one):
        return None
    low, high = np.zeros(len(one)), np.ones(len(one))
    for _ in range(_STEPS):
        middle = (low + high) / 2
        same = model.predict(_between(model, rows, one, other, middle)) == labels[one]
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    shares = [place for distance in _DISTANCES for place in (low - distance, high + distance)]
    return join([_between(model, rows, one, other, share) for share in shares])


def _pairs(labels: NDArray[np.object_], rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    one, other = rng.integers(len(labels), size=(2, 20 * _PAIRS))
    differ = np.flatnonzero(labels[one] != labels[other])[:_PAIRS]
    return one[differ], other[differ]


def _between(
    model: Estimator, rows: Table, one: NDArray[np.intp], other: NDArray[np.intp], share: NDArray[np.float64]
) -> Table:
    """Return rows between two: numbers are mixed by their shares, all else is the first row's, categories too."""
    columns = list(rows.values()) if isinstance(rows, dict) else list(rows.T)
    mixed = [
        _mixed(column.ravel(), one, other, share)
        if feature.type in ("number", "integer") and not feature.closed
        else column.ravel()[one]
        for feature, column in zip(model.signature.features, columns, strict=True)
    ]
    if isinstance(rows, dict):
        return {name: column.reshape(-1, 1) for name, column in zip(rows, mixed, strict=True)}
    return np.column_stack(mixed)


def _mixed(
    column: NDArray[Any], one: NDArray[np.intp], other: NDArray[np.intp], share: NDArray[np.float64]
) -> NDArray[Any]:
    if column.dtype.kind != "f":
        return column[one]
    between: NDArray[Any] = column[one] + share * (column[other] - column[one])
    return between

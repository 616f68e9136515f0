"""A histogram with fixed bounds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

LARGEST = sys.float_info.max
_SCALE = 2.0**-64
"""Scaled by this, the sum of any values in memory is finite."""


class Histogram:
    """Counts of values by range, and the sum of all values."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = np.asarray(bounds, dtype=np.float64)
        self.counts = np.zeros(len(self.bounds) + 1, dtype=np.int64)
        self.sum = 0.0
        """At most the largest float: an infinite sum would stay infinite, and later ones would be no number."""

    def extend(self, values: Any) -> None:
        """Count values; a value equal to a bound belongs to the range below it."""
        array = np.asarray(values, dtype=np.float64)
        self.counts += np.bincount(self.bounds.searchsorted(array), minlength=len(self.counts))
        self.sum = limited(self.sum + total(array))

    def buckets(self, form: str = "g") -> list[tuple[str, float]]:
        """Return cumulative counts by upper bound, as Prometheus expects them."""
        names = [*(f"{bound:{form}}" for bound in self.bounds.tolist()), "+Inf"]
        return list(zip(names, accumulate(self.counts.tolist()), strict=True))


def total(array: Any) -> float:
    """Return the sum of finite numbers, whatever their size."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = float(array.sum())
        if not np.isfinite(found):
            found = limited(float((array * _SCALE).sum()) / _SCALE)
    return found


def limited(number: float) -> float:
    """Return a finite number: the largest one in place of an infinite one, 0 in place of none."""
    return min(max(number, -LARGEST), LARGEST) if number == number else 0.0  # noqa: PLR0124 - only NaN differs

"""Counts of numbers and categories, in the ranges of a bundle's reference histogram.

A number falls into one range; the first and the last range hold what lies outside the training data. A string is
counted under its category if that was common in training; texts have no categories.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import inf, isfinite, nextafter
from typing import Any

import numpy as np

from model.bundle.manifest import Histogram as TrainingHistogram
from model.drift.histogram import Histogram
from model.schema.signature import MISSING_TEXT, Feature, Target

MAX_CATEGORIES = 100
"""Categories beyond this number, the rarest in training, are counted together."""


class NumberCounts(Histogram):
    """Counts of numbers by range; NaN and None are missing."""

    def __init__(self, bounds: Sequence[float], low: float | None = None, high: float | None = None) -> None:
        super().__init__(bounds)
        self.missing = 0
        self.outside = 0
        """How many values lay outside the training data."""
        self._low, self._high = -inf if low is None else low, inf if high is None else high

    def extend(self, values: Any) -> None:
        """Count values."""
        array = np.asarray(values, dtype=np.float64)
        present = array[~np.isnan(array)]
        self.missing += len(array) - len(present)
        self.outside += int(((present < self._low) | (present > self._high)).sum())
        super().extend(present)


class CategoryCounts:
    """Counts of values by known category; a text has none, and is neither known nor unknown."""

    def __init__(self, known: Sequence[Any] | None, training: Sequence[int] = ()) -> None:
        common = dict(zip(known or (), training, strict=False))
        named = sorted(known or (), key=lambda each: -common.get(each, 0))[:MAX_CATEGORIES]
        self.counts = {each: 0 for each in known or () if each in set(named)}
        self.rest = 0
        """Values of rare categories, and texts."""
        self.outside = 0
        self.missing = 0
        self._known = None if known is None else frozenset(known)

    def extend(self, values: Any) -> None:
        """Count values."""
        for value, number in Counter(values).items():
            if value is None or value == MISSING_TEXT or value != value:  # noqa: PLR0124 - only NaN differs from itself
                self.missing += number
            elif value in self.counts:
                self.counts[value] += number
            elif self._known is None or value in self._known:
                self.rest += number
            else:
                self.outside += number


def feature_counts(feature: Feature, training: TrainingHistogram) -> NumberCounts | CategoryCounts:
    """Return empty counts of a feature."""
    if feature.type in ("string", "date"):
        return CategoryCounts(feature.categories, training.counts)
    low, high = feature.low, feature.high
    ends = {nextafter(low, -inf) if low is not None else -inf, inf if high is None else high}
    inner = {edge for edge in training.edges or () if min(ends) < edge < max(ends)}
    return NumberCounts(sorted(filter(isfinite, ends | inner)), low, high)


def prediction_counts(target: Target, training: TrainingHistogram) -> NumberCounts | CategoryCounts:
    """Return empty counts of the predictions of a target."""
    if target.classes is None:
        return NumberCounts(training.edges or ())
    return CategoryCounts(target.classes, training.counts)

"""What a model is asked and answers, counted against what its training looked like.

One binary search a value tells its range of the bundle's reference histogram, and whether it lies outside of all that
training showed: the first and the last bin are what is below the least and above the greatest value.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from math import inf, nextafter
from typing import Any

import numpy as np

from api.histogram import BATCH, LATENCY, Histogram
from model.rows import Table
from model.runtime import Model
from model.signature import MISSING_TEXT, Feature

MOST_WATCHED = 200
SCORES = tuple(float(score) for score in range(11))
"""Tutorial 2's buckets, for a quality from 0 to 10."""


class Gauge:
    """Where the values of one feature, or of the prediction, are counted."""

    def __init__(self, edges: Sequence[float] | None, categories: Sequence[Any] | None) -> None:
        self.edges = list(edges) if edges is not None else None
        self.places = {value: place for place, value in enumerate(categories)} if categories is not None else None
        self.bins = len(self.edges) + 1 if self.edges is not None else len(self.places or ()) + 1

    def place(self, value: Any) -> int:
        """Return a value's bin; the last is for what is above all, or in no known category."""
        if self.edges is not None:
            return bisect_left(self.edges, value)
        return (self.places or {}).get(value, self.bins - 1)


class Scale:
    """How the features and the predictions of one model are counted."""

    def __init__(self, model: Model) -> None:
        reference = model.manifest.reference
        self.name = model.name
        self.features = model.signature.features[:MOST_WATCHED]
        self.gauges = [_gauge(each, reference.features[each.name].edges) for each in self.features]
        self.places = [gauge.place for gauge in self.gauges]
        target, said = model.signature.targets[0], reference.predictions[0]
        self.single = len(model.signature.targets) == 1
        self.target = Gauge(None, target.classes) if target.classes is not None else Gauge(said.edges or (), None)
        self.regression = target.classes is None


def _gauge(feature: Feature, edges: tuple[float, ...] | None) -> Gauge:
    if feature.type == "string":
        return Gauge(None, feature.categories or ())
    low = nextafter(feature.low, -inf) if feature.low is not None else -inf
    high = feature.high if feature.high is not None else inf
    return Gauge([low, *(edge for edge in edges or () if low < edge < high), high], None)


class Watch:
    """One thread's counts for one model."""

    def __init__(self, scale: Scale) -> None:
        self.scale = scale
        self.counts = [[0] * gauge.bins for gauge in scale.gauges]
        self.missing = [0] * len(scale.gauges)
        self.predicted = [0] * scale.target.bins
        self.scored = [0] * (len(SCORES) + 1)
        self.sum = 0.0
        self.inference = Histogram(LATENCY)
        self.batches = Histogram(BATCH)
        self.singles = 0

    def row(self, values: Sequence[Any]) -> None:
        """Count the features of one row."""
        place = 0
        for value, find in zip(values, self.scale.places, strict=False):
            if value is None:
                self.missing[place] += 1
            else:
                self.counts[place][find(value)] += 1
            place += 1  # noqa: SIM113 - counting by hand takes half the time of enumerate around zip

    def table(self, rows: Table) -> None:
        """Count the features of many rows."""
        columns = list(rows.values()) if isinstance(rows, dict) else list(rows.T)
        for place, (gauge, column) in enumerate(zip(self.scale.gauges, columns, strict=False)):
            found = _bins(gauge, np.asarray(column).ravel())
            missing = int((found < 0).sum())
            self.missing[place] += missing
            for number, count in enumerate(np.bincount(found[found >= 0], minlength=gauge.bins).tolist()):
                self.counts[place][number] += count

    def answer(self, value: Any) -> None:
        """Count one prediction."""
        if not self.scale.single:
            return
        self.predicted[self.scale.target.place(value)] += 1
        if self.scale.regression:
            self.scored[bisect_left(SCORES, value)] += 1
            self.sum += value


def _bins(gauge: Gauge, column: Any) -> Any:
    """Return the bin of each value of a column, and -1 for what is missing."""
    if gauge.edges is not None:
        found = np.searchsorted(gauge.edges, column, side="left")
        return np.where(np.isnan(column), -1, found)
    gaps = {MISSING_TEXT}
    return np.array([-1 if value in gaps or value != value else gauge.place(value) for value in column.tolist()])  # noqa: PLR0124

"""What one model receives and predicts, counted in the ranges of its training data.

A number falls into one range of the bundle's reference histogram; the first and the last range hold what lies outside
the training data. A string is counted under its category if that was common in training; texts have no categories.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, isfinite, nextafter
from typing import Any

import numpy as np

from api.telemetry.buffers import RowBuffer, take_items, take_numbers
from api.telemetry.histogram import BATCH, LATENCY, Histogram
from api.telemetry.series_errors import SeriesErrors
from model.bundle.manifest import Histogram as TrainingHistogram
from model.runtime.base import Model
from model.schema.rows import Table
from model.schema.signature import MISSING_TEXT, Feature

MAX_FEATURES = 200
"""Features beyond this number are not counted."""
MAX_CATEGORIES = 100
"""Categories beyond this number, the rarest in training, are counted together."""
QUALITY_SCORES = tuple(float(score) for score in range(11))
"""Tutorial 2's buckets, for a quality from 0 to 10."""


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


@dataclass
class Accuracy:
    """How predictions compare with the ground truth that callers reported."""

    rows: int = 0
    correct: int = 0
    absolute_error: float = 0.0


class ModelMetrics:
    """The counts of one model."""

    def __init__(self, model: Model, series_errors: SeriesErrors) -> None:
        reference = model.manifest.reference
        self.name = model.name
        self._run = partial(series_errors.run, model.name)
        self.inference = Histogram(LATENCY)
        self.batch_rows = Histogram(BATCH)
        counted = model.signature.features[:MAX_FEATURES]
        self.features = {each.name: _feature_counts(each, reference.features[each.name]) for each in counted}
        self.buffer = RowBuffer(counted)
        self.accuracy: Accuracy | None = None
        """None until the first ground truth arrives."""
        targets = model.signature.targets
        self._single_target = len(targets) == 1
        self.predicted: NumberCounts | CategoryCounts
        if targets[0].classes is None:
            self.predicted = NumberCounts(reference.predictions[0].edges or ())
        else:
            self.predicted = CategoryCounts(targets[0].classes, reference.predictions[0].counts)
        self.quality_scores = Histogram(QUALITY_SCORES) if targets[0].classes is None else None

    def flush(self) -> None:
        """Count the buffered rows."""
        if seconds := take_numbers(self.buffer.seconds):
            self.inference.extend(seconds)
            self.batch_rows.extend(np.ones(len(seconds)))
        if batches := take_numbers(self.buffer.batches):
            self.inference.extend(batches[::2])
            self.batch_rows.extend(batches[1::2])
        self._run("rows", self._count_buffered_rows)
        if answers := take_items(self.buffer.answers):
            self._count_answers(answers)

    def _count_buffered_rows(self) -> None:
        for columns in self.buffer.take_columns():
            self._count_columns(columns)

    def count_batch(self, table: Table, answers: Any, seconds: float) -> None:
        """Count a batch at once, without the buffer."""
        self.inference.extend([seconds])
        self.batch_rows.extend([len(answers)])
        if isinstance(table, dict):
            self._count_columns(column.ravel().tolist() for column in table.values())
        else:
            self._count_columns(table.T)
        self._count_answers(answers.tolist())

    def _count_columns(self, columns: Iterable[Any]) -> None:
        for (name, counts), column in zip(self.features.items(), columns, strict=False):
            self._run(name, partial(counts.extend, column))

    def _count_answers(self, answers: Sequence[Any]) -> None:
        if self._single_target:
            self._run("predictions", partial(self.predicted.extend, answers))
            if self.quality_scores is not None:
                self._run("quality scores", partial(self.quality_scores.extend, answers))


def _feature_counts(feature: Feature, training: TrainingHistogram) -> NumberCounts | CategoryCounts:
    if feature.type in ("string", "date"):
        return CategoryCounts(feature.categories, training.counts)
    low, high = feature.low, feature.high
    ends = {nextafter(low, -inf) if low is not None else -inf, inf if high is None else high}
    inner = {edge for edge in training.edges or () if min(ends) < edge < max(ends)}
    return NumberCounts(sorted(filter(isfinite, ends | inner)), low, high)

"""What one model receives and predicts, counted in the ranges of its training data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from api.telemetry.bounds import BATCH, LATENCY
from api.telemetry.buffers import RowBuffer, take_items, take_numbers
from api.telemetry.series_guard import SeriesGuard
from model.drift.counts import feature_counts, prediction_counts
from model.drift.histogram import Histogram
from model.runtime.base import Model
from model.schema.rows import Table

MAX_FEATURES = 200
"""Features beyond this number are not counted."""
QUALITY_SCORES = tuple(float(score) for score in range(11))
"""Tutorial 2's buckets, for a quality from 0 to 10."""


@dataclass
class Accuracy:
    """How predictions compare with the ground truth that callers reported."""

    rows: int = 0
    correct: int = 0
    absolute_error: float = 0.0


class ModelMetrics:
    """The counts of one model."""

    def __init__(self, model: Model, series_guard: SeriesGuard) -> None:
        reference = model.manifest.reference
        self.name = model.name
        self._run = partial(series_guard.run, model.name)
        self.inference = Histogram(LATENCY)
        self.batch_rows = Histogram(BATCH)
        counted = model.signature.features[:MAX_FEATURES]
        self.features = {each.name: feature_counts(each, reference.features[each.name]) for each in counted}
        self.buffer = RowBuffer(counted)
        self.accuracy: Accuracy | None = None
        """None until the first ground truth arrives."""
        targets = model.signature.targets
        self._single_target = len(targets) == 1
        self.predicted = prediction_counts(targets[0], reference.predictions[0])
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

"""What a model is asked and answers, counted against what its training looked like.

A number falls into one range of the bundle's reference histogram; the first and the last range are what is below the
least and above the greatest value that training showed. A string falls into its category, or into none that is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import inf, nextafter
from typing import Any

import numpy as np

from api.histogram import BATCH, LATENCY, Histogram
from api.notes import Rows, cut, emptied
from model.runtime.load import Model
from model.schema.rows import Table
from model.schema.signature import MISSING_TEXT, Feature

MOST_WATCHED = 200
SCORES = tuple(float(score) for score in range(11))
"""Tutorial 2's buckets, for a quality from 0 to 10."""


class Numbers(Histogram):
    """Numbers received; NaN and None are missing."""

    def __init__(self, bounds: Sequence[float]) -> None:
        super().__init__(bounds)
        self.missing = 0

    def extend(self, values: Any) -> None:
        """Count values."""
        array = np.asarray(values, dtype=np.float64)
        there = array[~np.isnan(array)]
        self.missing += len(array) - len(there)
        super().extend(there)

    @property
    def outside(self) -> int:
        """Return how many lay where training had none."""
        return int(self.counts[0] + self.counts[-1])


class Categories:
    """Values received of a set of known ones."""

    def __init__(self, known: Iterable[Any]) -> None:
        self.counts = dict.fromkeys(known, 0)
        self.outside = 0
        self.missing = 0

    def extend(self, values: Any) -> None:
        """Count values."""
        for value, number in Counter(values).items():
            if value is None or value == MISSING_TEXT:
                self.missing += number
            elif value in self.counts:
                self.counts[value] += number
            else:
                self.outside += number


class Watch:
    """The counts of one model."""

    def __init__(self, model: Model) -> None:
        reference = model.manifest.reference
        self.name = model.name
        self.inference = Histogram(LATENCY)
        self.batches = Histogram(BATCH)
        watched = model.signature.features[:MOST_WATCHED]
        self.features = {each.name: _counted(each, reference.features[each.name].edges) for each in watched}
        self.notes = Rows(watched)
        targets = model.signature.targets
        self._single = len(targets) == 1
        self.predicted: Numbers | Categories
        if targets[0].classes is None:
            self.predicted = Numbers(reference.predictions[0].edges or ())
        else:
            self.predicted = Categories(targets[0].classes)
        self.scored = Histogram(SCORES) if targets[0].classes is None else None

    def add_up(self) -> None:
        """Count the rows that were noted."""
        if seconds := cut(self.notes.seconds):
            self.inference.extend(seconds)
            self.batches.extend(np.ones(len(seconds)))
        if tables := cut(self.notes.tables):
            self.inference.extend(tables[::2])
            self.batches.extend(tables[1::2])
        for columns in self.notes.taken():
            self._columns(columns)
        if answers := emptied(self.notes.answers):
            self._answers(answers)

    def together(self, table: Table, answer: Any, seconds: float) -> None:
        """Count rows that were asked together."""
        self.inference.extend([seconds])
        self.batches.extend([len(answer)])
        if isinstance(table, dict):
            self._columns(column.ravel().tolist() for column in table.values())
        else:
            self._columns(table.T)
        self._answers(answer.tolist())

    def _columns(self, columns: Iterable[Any]) -> None:
        for counted, column in zip(self.features.values(), columns, strict=False):
            counted.extend(column)

    def _answers(self, answers: Sequence[Any]) -> None:
        if self._single:
            self.predicted.extend(answers)
            if self.scored is not None:
                self.scored.extend(answers)


def _counted(feature: Feature, edges: tuple[float, ...] | None) -> Numbers | Categories:
    if feature.type == "string":
        return Categories(feature.categories or ())
    low = nextafter(feature.low, -inf) if feature.low is not None else -inf
    high = feature.high if feature.high is not None else inf
    return Numbers([low, *(edge for edge in edges or () if low < edge < high), high])

"""Counts of what came compared with the training data, by population stability index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from model.bundle.manifest import Histogram
from model.drift.counts import CategoryCounts, NumberCounts
from model.rendering.text import format_number, format_value

MIN_SHARE = 1e-4
"""An empty range counts as this share: the logarithm of zero would outweigh everything else."""
WARN, ALERT = 0.1, 0.25
"""The usual thresholds of the index for a shift and for a large shift."""

UNNAMED = '""'
"""The feature whose name is empty, since no name at all means the predictions."""


class Drift(NamedTuple):
    """One feature, or the predictions: counts of the same ranges or categories in training and now."""

    feature: str
    """Empty for the predictions."""
    title: str
    keys: list[str]
    """The name of each range in the metrics: a category, or the number of the range."""
    labels: list[str]
    """The name of each range on a page."""
    training: list[float]
    now: list[float]

    @property
    def received(self) -> int:
        """Return how many values were received."""
        return int(sum(self.now))

    @property
    def shares(self) -> tuple[list[float], list[float]]:
        """Return the share of each range in training, and now."""
        return _shares(self.training), _shares(self.now)

    @property
    def psi(self) -> float:
        """Return the population stability index."""
        return stability_index(*self.shares)


def stability_index(training: Sequence[float], now: Sequence[float]) -> float:
    """Return the population stability index of two distributions over the same ranges: 0 if they are equal."""
    before, after = (np.maximum(np.asarray(shares, dtype=np.float64), MIN_SHARE) for shares in (training, now))
    return float(((after - before) * np.log(after / before)).sum())


def compare(feature: str, title: str, counts: NumberCounts | CategoryCounts, reference: Histogram) -> Drift:
    """Compare the counts of one feature, or of the predictions, with those of training."""
    ranges = _ranges(counts, reference) if isinstance(counts, NumberCounts) else _categories(counts, reference)
    missing = ("missing", "missing", reference.missing, counts.missing)
    keys, labels, training, now = zip(*ranges, missing, strict=True)
    return Drift(feature, title, list(keys), list(labels), list(training), list(now))


def _ranges(counts: NumberCounts, reference: Histogram) -> Iterator[tuple[str, str, float, float]]:
    edges = reference.edges or ()
    # Values outside the training data have ranges of their own; here they belong to the first and the last one.
    places = [*np.searchsorted(edges, counts.bounds, side="left").tolist(), len(edges)]
    now = np.bincount(places, weights=counts.counts, minlength=len(edges) + 1).tolist()
    labels = [f"to {format_number(edge)}" for edge in edges]
    labels.append(f"above {format_number(edges[-1])}" if edges else "all")
    return zip(map(str, range(len(now))), labels, reference.counts, now, strict=True)


def _categories(counts: CategoryCounts, reference: Histogram) -> Iterator[tuple[str, str, float, float]]:
    training = dict(zip(reference.categories or (), reference.counts, strict=False))
    for category, now in counts.counts.items():
        yield str(category), format_value(category), training.get(category, 0), now
    named = sum(training.get(category, 0) for category in counts.counts)
    yield "(others)", "others", sum(reference.counts) - named, counts.rest + counts.outside


def _shares(counts: Sequence[float]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]

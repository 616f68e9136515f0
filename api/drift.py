"""What this process was asked and answered, held against training, by population stability index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from api.metrics import Meters
from api.watch import Categories, Numbers
from model.bundle.manifest import Histogram
from model.card import words as say
from model.runtime.load import Model

LEAST = 1e-4
"""A share of nothing counts as this, or one value would weigh infinitely."""
WARN, ALERT = 0.1, 0.25
"""Where the index is commonly said to tell a shift, and a large one."""


class Drift(NamedTuple):
    """One feature, or what was predicted, now against training: counts of the same ranges or categories."""

    feature: str
    """Empty for what was predicted."""
    title: str
    keys: list[str]
    """What a range is called in the metrics: a category, or the number of the range."""
    labels: list[str]
    """What it is called on a page."""
    training: list[float]
    now: list[float]

    @property
    def seen(self) -> int:
        """Return how many values were received."""
        return int(sum(self.now))

    @property
    def shares(self) -> tuple[list[float], list[float]]:
        """Return training's share of each range, and now's."""
        return _shares(self.training), _shares(self.now)

    @property
    def shift(self) -> float:
        """Return the population stability index."""
        return psi(*self.shares)


def psi(training: Sequence[float], now: Sequence[float]) -> float:
    """Return how far two distributions over the same ranges lie apart: 0 for not at all."""
    one, other = (np.maximum(np.asarray(shares, dtype=np.float64), LEAST) for shares in (training, now))
    return float(((other - one) * np.log(other / one)).sum())


def of_model(meters: Meters, model: Model) -> list[Drift]:
    """Return what was predicted and each feature, held against training, as far as it was added up."""
    watch, reference = meters.watches[model.name], model.manifest.reference
    found = [_drift("", f"predicted {model.signature.targets[0].name}", watch.predicted, reference.predictions[0])]
    found += [_drift(name, name, counted, reference.features[name]) for name, counted in watch.features.items()]
    return [each for each in found if sum(each.training)]


def _drift(feature: str, title: str, counted: Numbers | Categories, reference: Histogram) -> Drift:
    ranges = _numbers(counted, reference) if isinstance(counted, Numbers) else _categories(counted, reference)
    keys, labels, training, now = zip(*ranges, ("missing", "missing", reference.missing, counted.missing), strict=True)
    return Drift(feature, title, list(keys), list(labels), list(training), list(now))


def _numbers(counted: Numbers, reference: Histogram) -> Iterator[tuple[str, str, float, float]]:
    edges = reference.edges or ()
    # Beyond the ends of training the process counts apart; here that belongs to the first and the last range.
    places = [*np.searchsorted(edges, counted.bounds, side="left").tolist(), len(edges)]
    now = np.bincount(places, weights=counted.counts, minlength=len(edges) + 1).tolist()
    labels = [f"to {say.number(edge)}" for edge in edges] + [f"above {say.number(edges[-1])}" if edges else "all"]
    return zip(map(str, range(len(now))), labels, reference.counts, now, strict=True)


def _categories(counted: Categories, reference: Histogram) -> Iterator[tuple[str, str, float, float]]:
    known: Sequence[Any] = reference.categories if reference.categories is not None else list(counted.counts)
    others = float(sum(counted.counts.values()) + counted.outside)
    for each, training in zip(known, reference.counts, strict=True):
        now = counted.counts.get(each, 0)
        others -= now
        yield str(each), say.said(each), training, now
    yield "(others)", "others", 0, others


def _shares(counts: Sequence[float]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]

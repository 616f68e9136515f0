"""What this process was asked and answered, held against training, by population stability index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from api.metrics import Meters
from api.watch import Categories, Numbers
from model.card import words as say
from model.manifest import Histogram
from model.runtime import Model

LEAST = 1e-4
"""A share of nothing counts as this, or one value would weigh infinitely."""
WARN, ALERT = 0.1, 0.25
"""Where the index is commonly said to tell a shift, and a large one."""


class Drift(NamedTuple):
    """One feature, or what was predicted, now against training: the shares of the same ranges or categories."""

    name: str
    labels: list[str]
    training: list[float]
    now: list[float]
    seen: int

    @property
    def shift(self) -> float:
        """Return the population stability index."""
        return psi(self.training, self.now)


def psi(training: Sequence[float], now: Sequence[float]) -> float:
    """Return how far two distributions over the same ranges lie apart: 0 for not at all."""
    one, other = (np.maximum(np.asarray(shares, dtype=np.float64), LEAST) for shares in (training, now))
    return float(((other - one) * np.log(other / one)).sum())


def of_model(meters: Meters, model: Model) -> list[Drift]:
    """Return what was predicted and each feature, as far as something was seen of it."""
    meters.add_up()
    watch, reference = meters.watches[model.name], model.manifest.reference
    target = model.signature.targets[0]
    pairs: list[tuple[str, Numbers | Categories, Histogram]] = [
        (f"predicted {target.name}", watch.predicted, reference.predictions[0])
    ]
    pairs += [(name, counted, reference.features[name]) for name, counted in watch.features.items()]
    return [_drift(*pair) for pair in pairs if pair[2].counts]


def _drift(name: str, counted: Numbers | Categories, reference: Histogram) -> Drift:
    labels, expected, actual = _ranges(counted, reference)
    if reference.missing or counted.missing:
        labels, expected, actual = [*labels, "missing"], [*expected, reference.missing], [*actual, counted.missing]
    return Drift(name, labels, _shares(expected), _shares(actual), int(sum(actual)))


def _ranges(counted: Numbers | Categories, reference: Histogram) -> tuple[list[str], list[float], list[float]]:
    if isinstance(counted, Numbers):
        edges = reference.edges or ()
        # Beyond the ends of training the process counts apart; here that belongs to the first and the last range.
        places = [*np.searchsorted(edges, counted.bounds, side="left").tolist(), len(edges)]
        actual = np.bincount(places, weights=counted.counts, minlength=len(edges) + 1).tolist()
        labels = [f"to {say.number(edge)}" for edge in edges] + [f"above {say.number(edges[-1])}" if edges else "all"]
        return labels, list(reference.counts), actual
    known: Sequence[Any] = reference.categories if reference.categories is not None else list(counted.counts)
    actual = [counted.counts.get(each, 0) for each in known]
    others = sum(counted.counts.values()) - sum(actual) + counted.outside
    labels, expected = list(map(say.said, known)), list(map(float, reference.counts))
    return ([*labels, "others"], [*expected, 0], [*actual, others]) if others else (labels, expected, actual)


def _shares(counts: Sequence[float]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]

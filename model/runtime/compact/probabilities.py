"""From the scores of classes to their probabilities, by the formula of each kind of model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp

from model.runtime.compact.form import Probability

Probabilities = Callable[[Sequence[float]], list[float]]


def probabilities(kind: Probability) -> Probabilities:
    """Return what gives the probability of each class; a single score is the second class's."""
    return {"logistic": _logistic, "one_against_rest": _one_against_rest, "huber": _huber, "softmax": _softmax}[kind]


def _logistic(scores: Sequence[float]) -> list[float]:
    yes = _expit(scores[0])
    return [1.0 - yes, yes]


def _one_against_rest(scores: Sequence[float]) -> list[float]:
    return _shares(list(map(_expit, scores)))


def _huber(scores: Sequence[float]) -> list[float]:
    found = [(min(max(score, -1.0), 1.0) + 1.0) / 2.0 for score in scores]
    return [1.0 - found[0], found[0]] if len(found) == 1 else _shares(found)


def _softmax(scores: Sequence[float]) -> list[float]:
    highest = max(scores)
    return _shares([exp(score - highest) for score in scores])


def _shares(parts: list[float]) -> list[float]:
    """Return numbers as shares of their sum: equal ones where all are zero."""
    total = sum(parts)
    return [part / total for part in parts] if total else [1.0 / len(parts)] * len(parts)


def _expit(score: float) -> float:
    """Return the logistic function of a number, by the exponential that does not overflow."""
    if score >= 0:
        return 1.0 / (1.0 + exp(-score))
    small = exp(score)
    return small / (1.0 + small)

"""From scores to an answer, or to none where rounding might decide."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, inf
from typing import Any

from model.runtime.compact.form import Link
from model.schema.signature import Target

Decide = Callable[[list[float], float], Any]
"""Takes scores and by how much rounding may have moved them."""


def decider(link: Link, target: Target) -> Decide:
    """Return what turns scores into an answer."""
    classes = target.classes or ()
    if link == "sign":
        return _sign(*classes)
    if link == "most":
        return lambda scores, margin: _most(classes, scores, margin)
    if link == "exp":
        return lambda scores, _: exp(scores[0])
    if target.whole:
        return lambda scores, _: int(scores[0]) if scores[0].is_integer() else scores[0]
    return lambda scores, _: scores[0]


def chooser(link: Link, target: Target) -> Callable[[list[float]], Any]:
    """Return what turns scores into an answer in any case: where rounding might decide, by these very scores."""
    classes = target.classes or ()
    if link == "sign":
        no, yes = classes
        return lambda scores: yes if scores[0] > 0 else no
    if link == "exp":
        return _exponential
    decide = decider(link, target)
    return lambda scores: decide(scores, 0.0)


def _exponential(scores: list[float]) -> float:
    """Return infinity where it is too large for a float, as numpy does."""
    try:
        return exp(scores[0])
    except OverflowError:
        return inf


def _sign(no: Any, yes: Any) -> Decide:
    def decide(scores: list[float], margin: float) -> Any:
        score = scores[0]
        return yes if score > margin else no if score < -margin else None

    return decide


def _most(classes: tuple[Any, ...], scores: list[float], margin: float) -> Any:
    best = max(scores)
    place = scores.index(best)
    if margin:
        scores[place] = -inf
        if max(scores) >= best - margin:
            return None
    return classes[place]

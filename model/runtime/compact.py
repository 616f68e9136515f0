"""The short form of a small model: one row answered in plain Python, in a microsecond or two, proven like the copy.

In a server every request finds the processor's caches cold, and ONNX Runtime then takes tens of microseconds for
one row, whatever the model. Two forms do without it and without numpy:

* a sum of one term a feature (linear models, whatever scaling, filling and encoding stands before them);
* trees, each rule of which rules out a run of leaves: the leaves that are left over all rules, as bits of one
  integer, are found by one binary search a feature; of a tree's leaves the lowest left is the one reached.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from math import exp, isfinite
from operator import mul
from typing import Any, Literal

import msgspec
import numpy as np

from model.schema.signature import Signature
from model.schema.values import NUMBERS

Link = Literal["number", "exp", "sign", "most"]
Row = Callable[[Sequence[Any]], Any]
Scores = Callable[[Sequence[Any]], list[float]]
Finish = Callable[[list[float]], Any]


class Term(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one feature adds to each score: by weight, or by category."""

    weights: tuple[float, ...] | None = None
    categories: dict[str, tuple[float, ...]] | None = None
    unknown: tuple[float, ...] | None = None
    missing: tuple[float, ...] | None = None


class Sum(msgspec.Struct, frozen=True, tag="sum"):
    """A score is an intercept and one term a feature."""

    intercepts: tuple[float, ...]
    terms: tuple[Term, ...]
    link: Link


class Trees(msgspec.Struct, frozen=True, tag="trees"):
    """Rules over leaves: where a feature is above its threshold, this run of leaves is out."""

    features: tuple[int, ...]
    thresholds: tuple[float, ...]
    firsts: tuple[int, ...]
    counts: tuple[int, ...]
    trees: tuple[int, ...]
    """Each tree's first leaf."""
    values: tuple[tuple[float, ...], ...]
    """What each leaf adds, one list a score."""
    base: tuple[float, ...]
    link: Link


Form = Sum | Trees


def answerer(form: Form, signature: Signature) -> Row:
    """Return a function that answers one row by position, or None where only the long way can tell."""
    finish = _finish(form.link, signature)
    if isinstance(form, Trees):
        return _of_trees(_trees(form, len(signature.features)), finish)
    if any(term.categories is not None for term in form.terms):
        return _mixed(form, finish)
    return _of_weights(form, finish)


def _finish(link: Link, signature: Signature) -> Finish:
    """Return what turns scores into an answer."""
    target = signature.targets[0]
    classes = target.classes or ()
    if link == "sign":
        no, yes = classes
        return lambda scores: yes if scores[0] > 0 else no
    if link == "most":
        return lambda scores: classes[scores.index(max(scores))]
    if link == "exp":
        return lambda scores: exp(scores[0])
    if target.whole:
        return lambda scores: int(scores[0]) if scores[0].is_integer() else scores[0]
    return lambda scores: scores[0]


def _of_trees(scores: Scores, finish: Finish) -> Row:
    numbers = NUMBERS.issuperset

    def answer(row: Sequence[Any]) -> Any:
        # A sum is finite only if each of its terms is; an integer too large for a float is the long way's to refuse.
        try:
            if numbers(map(type, row)) and isfinite(sum(row)):
                return finish(scores(row))
        except (OverflowError, ValueError):
            pass
        return None

    return answer


def _of_weights(form: Sum, finish: Finish) -> Row:
    lines = [tuple((term.weights or ())[place] for term in form.terms) for place in range(len(form.intercepts))]
    numbers, width = NUMBERS.issuperset, len(form.terms)
    (first, start), *others = zip(lines, form.intercepts, strict=True)

    def answer(row: Sequence[Any]) -> Any:
        # What is not finite in a row is not finite in its scores: not even times nothing.
        try:
            if len(row) == width and numbers(map(type, row)):
                scores = [sum(map(mul, first, row), start)]
                if isfinite(scores[0]):
                    return finish(
                        scores + [sum(map(mul, each, row), more) for each, more in others] if others else scores
                    )
        except OverflowError:
            pass
        return None

    return answer


def _mixed(form: Sum, finish: Finish) -> Row:
    terms, start, width = form.terms, form.intercepts, len(form.terms)

    def answer(row: Sequence[Any]) -> Any:
        if len(row) != width:
            return None
        scores = list(start)
        for term, value in zip(terms, row, strict=True):
            if value is None:
                part = term.missing
            elif term.categories is not None:
                part = term.categories.get(value, term.unknown) if type(value) is str else None
            elif type(value) in NUMBERS and -1e300 < value < 1e300:
                scores = [score + weight * value for score, weight in zip(scores, term.weights or (), strict=True)]
                continue
            else:
                part = None
            if part is None:
                return None
            scores = [score + each for score, each in zip(scores, part, strict=True)]
        return finish(scores)

    return answer


def _trees(form: Trees, width: int) -> Scores:
    leaves = len(form.values[0])
    tables = _tables(form, width, (1 << leaves) - 1)
    lowest = sum(1 << first for first in form.trees)
    add_up = _counted(form) if all(value in (0.0, 1.0) for values in form.values for value in values) else _added(form)

    def scores(row: Sequence[Any]) -> list[float]:
        left = -1
        for (thresholds, masks), value in zip(tables, row, strict=True):
            left &= masks[bisect_left(thresholds, value)]
        # Every tree has a leaf left, so taking one from each tree's lowest place never borrows from the next.
        return add_up(left & ~(left - lowest))

    return scores


def _tables(form: Trees, width: int, every: int) -> list[tuple[list[float], list[int]]]:
    """Return for each feature its thresholds, and the leaves left above each of them."""
    rules: list[list[tuple[float, int]]] = [[] for _ in range(width)]
    for feature, threshold, first, count in zip(form.features, form.thresholds, form.firsts, form.counts, strict=True):
        rules[feature].append((threshold, ((1 << count) - 1) << first))
    tables = []
    for each in rules:
        thresholds: list[float] = []
        masks = [every]
        for threshold, out in sorted(each):
            if not thresholds or thresholds[-1] != threshold:
                thresholds.append(threshold)
                masks.append(masks[-1])
            masks[-1] &= ~out
        tables.append((thresholds, masks))
    return tables


def _counted(form: Trees) -> Callable[[int], list[float]]:
    """Add leaves up that are worth one each: by counting bits."""
    kinds = [sum(1 << place for place, value in enumerate(values) if value) for values in form.values]
    pairs = list(zip(form.base, kinds, strict=True))
    return lambda reached: [base + (reached & kind).bit_count() for base, kind in pairs]


def _added(form: Trees) -> Callable[[int], list[float]]:
    size = -(-len(form.values[0]) // 8)
    worth = np.zeros((len(form.values), size * 8))
    worth[:, : len(form.values[0])] = form.values
    base = np.array(form.base)

    def add_up(reached: int) -> list[float]:
        bits = np.unpackbits(np.frombuffer(reached.to_bytes(size, "little"), np.uint8), bitorder="little")
        scores: list[float] = (worth.dot(bits) + base).tolist()
        return scores

    return add_up

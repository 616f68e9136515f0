"""Trees, each rule of which rules out a run of leaves.

The leaves that are left over all rules, as bits of one integer, are found by one binary search a feature; of a
tree's leaves the lowest left is the one reached.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from model.runtime.compact.form import Trees

Scores = Callable[[Sequence[Any]], list[float]]


def scorer(form: Trees, width: int) -> Scores:
    """Return what gives the scores of a row of finite numbers."""
    leaves = len(form.values[0])
    tables = _tables(form, width, (1 << leaves) - 1)
    lowest = sum(1 << first for first in form.trees)
    add_up = _added_narrow(form) if form.narrow else _counted(form) if counts(form) else _added(form)

    def scores(row: Sequence[Any]) -> list[float]:
        left = -1
        for (thresholds, masks), value in zip(tables, row, strict=True):
            left &= masks[bisect_left(thresholds, value)]
        # Every tree has a leaf left, so taking one from each tree's lowest place never borrows from the next.
        return add_up(left & ~(left - lowest))

    return scores


def counts(form: Trees) -> bool:
    """Tell whether every leaf adds 1 to one score, so that the scores are whole numbers."""
    return all(value in (0.0, 1.0) for values in form.values for value in values)


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


def _added_narrow(form: Trees) -> Callable[[int], list[float]]:
    """Add leaves up in float32, one tree after the other; rounding makes the order matter."""
    values, ends = np.array(form.values), (*form.trees[1:], len(form.values[0]))
    size, worth = -(-values.shape[1] // 8), values.sum(axis=0).astype(np.float32)
    # A leaf adds to one score; a tree whose leaves all add nothing may count for any.
    owner = np.array([int(values[:, a:b].any(axis=1).argmax()) for a, b in zip(form.trees, ends, strict=True)])
    groups = [np.flatnonzero(owner == score) for score in range(len(form.base))]
    starts = np.array(form.base, dtype=np.float32)

    def add_up(reached: int) -> list[float]:
        bits = np.unpackbits(np.frombuffer(reached.to_bytes(size, "little"), np.uint8), bitorder="little")
        # Sorted places are in the order of the trees, of which each has one leaf reached.
        given = worth[np.flatnonzero(bits)]
        pairs = zip(starts, groups, strict=True)
        return [float(np.concatenate([[start], given[group]], dtype=np.float32).cumsum()[-1]) for start, group in pairs]

    return add_up

"""Forests and boosted trees as rules over leaves, in the callers' units."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from model.packing.compact.columns import Column, Number, Operation, Underivable
from model.packing.converters.boosting import LOG_LINK, plain_trees
from model.packing.converters.forests import CLASSIFIERS, REGRESSORS, plain_forest
from model.runtime.compact.form import Link, Trees
from model.runtime.compact.trees import counts
from model.schema.input_form import UNLIMITED
from model.trees.read import library_of, read_boosted
from model.trees.tree import Inexact, Tree, with_inner_root

_BOOSTED = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
_KINDS = (*_BOOSTED, *CLASSIFIERS, *REGRESSORS)
_MOST_LEAVES = 20_000
_MOST_BYTES = 8 << 20
# What lies beyond is infinite as float32, and refused by scikit-learn's trees.
_LARGEST = float(np.finfo(np.float32).max)
# Sums over trees are added up in another order than scikit-learn's; numbers this close to each other may be equal.
_ROUNDING = 1e-12
# A probability in float32 is one half, or the same for two classes, for scores that are closer than this.
_NARROW_ROUNDING = 1e-6
_Ensemble = tuple[list[Tree], NDArray[np.float64], Link, bool]
"""Trees, what their sums start with, what becomes of these, and whether they are added up in float32."""


def is_trees(last: Any) -> bool:
    """Tell whether a model is trees of a known kind."""
    return type(last) in _KINDS or library_of(last) is not None


def trees(last: Any, columns: list[Column], features: int) -> Trees:
    """Return the rules of a fitted ensemble over these columns."""
    try:
        found, base, link, narrow = _ensemble(last)
    except Inexact as reason:
        raise Underivable(str(reason)) from None
    if sum(int(tree.leaf.sum()) for tree in found) > _MOST_LEAVES:
        raise Underivable(f"more than {_MOST_LEAVES} leaves")
    if any(tree.members for tree in found):
        raise Underivable("splits on categories")
    form = _rules([with_inner_root(tree) for tree in found], base, link)
    if narrow:
        form = replace(form, narrow=True, margin=_NARROW_ROUNDING)
    if len(set(zip(form.features, form.thresholds, strict=True))) * len(form.values[0]) / 8 > _MOST_BYTES:
        raise Underivable("tables that are too large")
    return _in_callers_units(form, columns, features)


def _library(last: Any) -> _Ensemble:
    """Return a boosting library's trees."""
    model = read_boosted(last)
    scores, several = hasattr(last, "predict_proba"), len(model.base) > 1
    if model.categories:
        raise Inexact("splits on categories")
    if scores if model.link in ("number", "exp") else not scores or (several and model.link == "logistic"):
        raise Inexact(f"{type(last).__name__} with an answer of another kind")
    for tree in model.trees:
        tree.value[:] = tree.value / model.divisor
    links: dict[str, Link] = {"number": "number", "exp": "exp"}
    link = links.get(model.link, "most" if several else "sign")
    return model.trees, model.base, link, model.narrow


def _ensemble(last: Any) -> _Ensemble:
    if library_of(last):
        return _library(last)
    if type(last) in _BOOSTED:
        found, base = plain_trees(last)
        if type(last) is HistGradientBoostingRegressor:
            return found, base, "exp" if last.loss in LOG_LINK else "number", False
        return found, base, "most" if len(base) > 1 else "sign", False
    if type(last) in CLASSIFIERS:
        found, targets = plain_forest(last, normalised=True)
        return found, np.zeros(targets), "most", False
    found, targets = plain_forest(last, normalised=False)
    for tree in found:
        tree.value[:] = tree.value / len(getattr(last, "estimators_", [last]))
    return found, np.zeros(targets), "number", False


def _rules(found: list[Tree], base: NDArray[np.float64], link: Link) -> Trees:
    rules: list[tuple[int, float, int, int]] = []
    firsts: list[int] = []
    leaves: list[tuple[int, float]] = []
    for tree in found:
        firsts.append(len(leaves))
        _walk(tree, 0, rules, leaves)
    values = np.zeros((len(base), len(leaves)))
    for place, (target, value) in enumerate(leaves):
        values[target, place] = value
    features, splits, starts, lengths = zip(*rules, strict=True)
    if any(split != split for split in splits):  # noqa: PLR0124 - only NaN differs from itself
        raise Underivable("a split at NaN")
    # A split between missing and present stands at infinity; of what is present, everything lies on one side.
    limits = tuple(min(max(split, -UNLIMITED), UNLIMITED) for split in splits)
    form = Trees(
        features, limits, starts, lengths, tuple(firsts), tuple(map(tuple, values.tolist())), tuple(base.tolist()),
        link, _LARGEST, 0.0,
    )  # fmt: skip
    size = float(np.abs(values).max()) * len(found) + float(np.abs(base).max())
    exact = link == "most" and counts(form) and not base.any()
    return form if exact else replace(form, margin=_ROUNDING * max(size, 1e-300))


def _walk(tree: Tree, node: int, rules: list[tuple[int, float, int, int]], leaves: list[tuple[int, float]]) -> None:
    """Count leaves from left to right; going right at a node rules out what lies left of it."""
    if tree.leaf[node]:
        leaves.append((int(tree.target[node]), float(tree.value[node])))
        return
    first = len(leaves)
    _walk(tree, int(tree.left[node]), rules, leaves)
    rules.append((int(tree.feature[node]), float(tree.threshold[node]), first, len(leaves) - first))
    _walk(tree, int(tree.right[node]), rules, leaves)


def _in_callers_units(form: Trees, columns: list[Column], features: int) -> Trees:
    """Move thresholds before the steps: to the largest number that these leave below or at each."""
    used = np.array(form.features)
    limits, places = np.array(form.thresholds), np.zeros(len(used), dtype=np.int64)
    for place in np.unique(used).tolist():
        column = columns[place]
        if not isinstance(column, Number) or column.feature >= features:
            raise Underivable("trees over something else than single numbers")
        _require_rising(column.operations)
        mine = used == place
        limits[mine] = _largest_below(column.operations, limits[mine])
        places[mine] = column.feature
    return replace(form, features=tuple(places.tolist()), thresholds=tuple(limits.tolist()))


def _require_rising(operations: tuple[Operation, ...]) -> None:
    """Refuse a step that turns the order of numbers round; each of these operations keeps it, rounding included."""
    if any(each.kind in ("multiply", "divide") and not each.operand > 0 for each in operations):
        raise Underivable("a scale that is not positive")


def _largest_below(operations: tuple[Operation, ...], limits: NDArray[np.float64]) -> NDArray[np.float64]:
    if not operations:
        return limits
    low, high = (np.full(len(limits), _place(np.array([end]))[0]) for end in (-1.7e308, 1.7e308))
    while True:
        # Half of each first: their sum would overflow.
        middle = (low >> 1) + (high >> 1) + (low & high & 1)
        if (middle == low).all():
            return _number(low)
        below = _applied(operations, _number(middle)) <= limits
        low, high = np.where(below, middle, low), np.where(below, high, middle)


def _applied(operations: tuple[Operation, ...], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute what the steps compute, in the same order and the same arithmetic."""
    with np.errstate(over="ignore"):
        for each in operations:
            if each.kind == "clip":
                values = np.clip(values, each.operand, each.upper)
            else:
                values = _ARITHMETIC[each.kind](values, each.operand)
    return values


_ARITHMETIC = {"subtract": np.subtract, "add": np.add, "multiply": np.multiply, "divide": np.divide}


def _place(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return where numbers stand among all float64s."""
    bits = numbers.view(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFFFFFFFFFF), bits)


def _number(places: NDArray[np.int64]) -> NDArray[np.float64]:
    bits = np.where(places < 0, (-places) | np.int64(-0x8000000000000000), places)
    numbers: NDArray[np.float64] = bits.view(np.float64)
    return numbers

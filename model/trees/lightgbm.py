"""LightGBM: float64 thresholds, and float64 sums in the order of the trees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.trees.boosted import Boosted, Link
from model.trees.tree import Inexact, Tree

_NUMBERS = {"regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg"}
_LOG = {"poisson", "gamma", "tweedie"}
_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_ZERO, _NAN = 1, 2
# 1e-35 in float32. A number that is not farther from 0 counts as 0 before any comparison.
_ZERO_REACHES = float(np.float32(1e-35))


def read(estimator: Any) -> Boosted:
    """Return the trees that predict uses: those up to the best iteration, where training stopped early."""
    head, *blocks = estimator.booster_.model_to_string().split("\nTree=")
    known = _fields(head)
    width = int(known["num_tree_per_iteration"])
    trees = [_tree(_fields(block), place % width) for place, block in enumerate(blocks)]
    link, slope = _link(known.get("objective", ""))
    return Boosted(
        trees,
        np.zeros(width),
        link,
        divisor=len(trees) // width if "average_output" in head.splitlines() else 1,
        slope=slope,
        categories=categories(estimator),
    )


def categories(estimator: Any) -> dict[int, tuple[Any, ...]]:
    """Return the pandas categories of training; the model's text tells which features are categorical."""
    known = estimator.booster_.pandas_categorical or []
    infos = _fields(estimator.booster_.model_to_string(num_iteration=1).split("\nTree=")[0])["feature_infos"].split()
    places = [place for place, info in enumerate(infos) if info[0] != "[" and info != "none"]
    return dict(zip(places, map(tuple, known), strict=True)) if len(places) == len(known) else {}


def _fields(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: value for name, equals, value in pairs if equals}


def _link(objective: str) -> tuple[Link, float]:
    name, *options = objective.split() or [""]
    given = dict(option.split(":") for option in options if ":" in option)
    slope = float(given.get("sigmoid", 1.0))
    if name in _NUMBERS and "sqrt" not in options:
        return "number", 1.0
    if name in _LOG:
        return "exp", 1.0
    if name in ("binary", "cross_entropy"):
        return "logistic", slope
    if name == "multiclass":
        return "softmax", 1.0
    if name == "multiclassova":
        return "each", slope
    raise Inexact(f"LightGBM's objective {objective}" if objective else "LightGBM with an objective of one's own")


def _tree(fields: dict[str, str], target: int) -> Tree:
    if fields.get("is_linear", "0") != "0":
        raise Inexact("LightGBM's linear trees")
    values = _array(fields, "leaf_value", np.float64)
    if "split_feature" not in fields or not fields["split_feature"].strip():
        return _joined([], values, target)
    feature, kinds = _array(fields, "split_feature", np.int64), _array(fields, "decision_type", np.int64)
    threshold = _array(fields, "threshold", np.float64)
    bounds = np.where((threshold >= 0) & (threshold < _ZERO_REACHES), _ZERO_REACHES, threshold)
    below = (threshold < 0) & (threshold >= -_ZERO_REACHES)
    bounds = np.where(below, np.nextafter(-_ZERO_REACHES, -np.inf), bounds)
    missing = kinds >> 2 & 3
    numeric = kinds & _CATEGORICAL == 0
    if (missing[numeric] == _ZERO).any():
        raise Inexact("LightGBM with zero_as_missing")
    # Where training saw no missing value, one counts as 0; of categories it is none, which goes right.
    left = np.where(missing == _NAN, kinds & _DEFAULT_LEFT != 0, threshold >= 0) & numeric
    inner = [feature, bounds, _array(fields, "left_child", np.int64), _array(fields, "right_child", np.int64), left]
    members = dict(_members(fields, np.flatnonzero(~numeric), threshold))
    return _joined(inner, values, target, members)


def _members(
    fields: dict[str, str], places: NDArray[np.int64], threshold: NDArray[np.float64]
) -> Iterator[tuple[int, list[float]]]:
    """Give the categories that each categorical node sends left."""
    if not len(places):
        return
    starts, words = _array(fields, "cat_boundaries", np.int64), _array(fields, "cat_threshold", np.int64)
    for place in places.tolist():
        which = int(threshold[place])
        mine = words[starts[which] : starts[which + 1]].tolist()
        yield place, [float(32 * at + bit) for at, word in enumerate(mine) for bit in range(32) if word >> bit & 1]


def _array(fields: dict[str, str], name: str, kind: Any) -> NDArray[Any]:
    return np.array(fields[name].split(), dtype=kind)


def _joined(inner: list[Any], values: NDArray[np.float64], target: int, members: Any = None) -> Tree:
    """Put inner nodes and leaves into one table; a child below zero is a leaf, counted from -1 on."""
    count, leaves = len(inner[0]) if inner else 0, len(values)
    feature, threshold, left, right, missing = inner or [np.empty(0)] * 5
    nothing = np.zeros(leaves)

    def both(one: NDArray[Any], kind: Any) -> NDArray[Any]:
        return np.concatenate([one, nothing]).astype(kind)

    return Tree(
        leaf=np.arange(count + leaves) >= count,
        feature=both(feature, np.int64),
        threshold=both(threshold, np.float64),
        left=both(np.where(left < 0, count + ~left.astype(np.int64), left), np.int64),
        right=both(np.where(right < 0, count + ~right.astype(np.int64), right), np.int64),
        missing_left=both(missing, bool),
        target=np.full(count + leaves, target),
        value=np.concatenate([np.zeros(count), values]),
        members=members or {},
    )

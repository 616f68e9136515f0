"""XGBoost: rows, thresholds and leaves in float32, and float32 sums in the order of the trees."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.trees.boosted import Boosted, Link
from model.trees.tree import Inexact, Tree, before_rounding

_LINKS: dict[str, Link] = {
    "binary:logistic": "logistic", "reg:logistic": "logistic", "multi:softprob": "softmax",
    "count:poisson": "exp", "reg:gamma": "exp", "reg:tweedie": "exp",
    **dict.fromkeys(
        ("reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror",
         "rank:ndcg", "rank:map", "rank:pairwise"), "number",
    ),
}  # fmt: skip


def read(estimator: Any) -> Boosted:
    """Return the trees that predict uses: those up to the best iteration, where training stopped early."""
    if not np.isnan(estimator.missing):
        raise Inexact(f"XGBoost that takes {estimator.missing} for a missing value")
    learner = _learner(estimator)
    booster = learner["gradient_booster"]
    if booster["name"] != "gbtree":
        raise Inexact(f"XGBoost's booster {booster['name']}")
    model, objective = booster["model"], learner["objective"]["name"]
    if objective not in _LINKS:
        raise Inexact(f"XGBoost's objective {objective}")
    last = int(learner["attributes"].get("best_iteration", -2)) + 1
    most = model["iteration_indptr"][last] if last > 0 else len(model["trees"])
    pairs = list(zip(model["trees"], model["tree_info"], strict=True))[:most]
    return Boosted(
        [_tree(tree, target) for tree, target in pairs],
        _base(learner, _LINKS[objective], max(1, 1 + max(target for _, target in pairs))),
        _LINKS[objective],
        narrow=True,
        categories=_categories(model["cats"]),
    )


def categories(estimator: Any) -> dict[int, tuple[Any, ...]]:
    """Return the pandas categories of training, in their order."""
    model = _learner(estimator)["gradient_booster"].get("model", {})
    return _categories(model["cats"]) if "cats" in model else {}


def _learner(estimator: Any) -> Any:
    return json.loads(estimator.get_booster().save_raw("json"))["learner"]


def _categories(stored: Any) -> dict[int, tuple[Any, ...]]:
    found = {}
    for place, each in enumerate(stored["enc"]):
        if "offsets" not in each:
            found[place] = tuple(each["values"])
        elif each["offsets"]:
            text, ends = bytes(code & 255 for code in each["values"]), each["offsets"]
            found[place] = tuple(text[start:end].decode() for start, end in pairwise(ends))
    return found


def _base(learner: Any, link: Link, width: int) -> NDArray[np.float64]:
    """Return what sums start with, on their own scale, computed in float32 as the library does."""
    text = learner["learner_model_param"]["base_score"]
    given = np.atleast_1d(np.array(json.loads(text), dtype=np.float32))
    if link == "logistic":
        given = -np.log(np.float32(1) / given - np.float32(1))
    if link == "exp":
        given = np.log(given)
    return np.broadcast_to(given, (width,)).astype(np.float64)


def _tree(tree: Any, target: int) -> Tree:
    if int(tree["tree_param"]["size_leaf_vector"]) > 1:
        raise Inexact("XGBoost's trees of several outputs")
    left, right = (np.array(tree[name], dtype=np.int64) for name in ("left_children", "right_children"))
    splits = np.array(tree["split_conditions"], dtype=np.float32)
    missing = np.array(tree["default_left"], dtype=bool)
    members: dict[int, list[float]] = {}
    segments = (tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"])
    for node, start, size in zip(*segments, strict=True):
        # Here the named categories go right, in our trees left.
        left[node], right[node], missing[node] = right[node], left[node], not missing[node]
        members[node] = [float(code) for code in tree["categories"][start : start + size]]
    # What is below a threshold goes left, which is what is not above the next smaller number.
    with np.errstate(all="ignore"):
        bounds = before_rounding(np.nextafter(splits, np.float32(-np.inf)).astype(np.float64))
    return Tree(
        leaf=left < 0,
        feature=np.array(tree["split_indices"], dtype=np.int64),
        threshold=bounds,
        left=left,
        right=right,
        missing_left=missing,
        target=np.full(len(left), target),
        value=splits.astype(np.float64),
        members=members,
    )

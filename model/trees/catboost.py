"""CatBoost: float32 borders, trees that ask the same at each depth or grow freely, and float64 sums."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from model.trees.boosted import Boosted, Link
from model.trees.tree import Inexact, Tree, before_rounding

_LINKS: dict[str, Link] = {
    "Logloss": "logistic", "CrossEntropy": "logistic", "MultiClass": "softmax", "MultiClassOneVsAll": "each",
    "Poisson": "exp", "Tweedie": "exp",
    **dict.fromkeys(
        ("RMSE", "MAE", "Quantile", "MAPE", "Huber", "Expectile", "LogCosh", "Lq",
         "YetiRank", "YetiRankPairwise", "PairLogit", "PairLogitPairwise", "QueryRMSE", "QuerySoftMax"), "number",
    ),
}  # fmt: skip


def read(estimator: Any) -> Boosted:
    """Return the trees of a model without categories, which CatBoost keeps as hashes only."""
    if estimator.get_cat_feature_indices():
        raise Inexact("CatBoost's categories, which it knows by their hashes only")
    if getattr(estimator, "get_probability_threshold", lambda: None)() not in (None, 0.5):
        raise Inexact("CatBoost with a probability threshold of one's own")
    model = _model(estimator)
    loss = model["model_info"]["params"]["loss_function"]["type"]
    if loss not in _LINKS:
        raise Inexact(f"CatBoost's loss {loss}")
    if set(model["features_info"]) - {"float_features"}:
        raise Inexact("CatBoost's features of text or vectors")
    columns = {each["feature_index"]: each for each in model["features_info"]["float_features"]}
    scale, base = model["scale_and_bias"]
    nodes = [_nested(tree) for tree in model["oblivious_trees"]] if "oblivious_trees" in model else model["trees"]
    trees = [tree for each in nodes for tree in _trees(each, columns, float(scale))]
    return Boosted(trees, np.array(base, dtype=np.float64), _LINKS[loss])


def _model(estimator: Any) -> Any:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        estimator.save_model(str(path), format="json")
        return json.loads(path.read_text(encoding="utf-8"))


def _nested(tree: Any) -> Any:
    """Return a tree that asks the same at each depth as one of nodes: its last split decides first."""
    splits, values = tree["splits"], np.array(tree["leaf_values"])
    level = [{"value": each.tolist()} for each in values.reshape(2 ** len(splits), -1)]
    for split in splits:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [{"split": split, "left": one, "right": other} for one, other in pairs]
    return level[0]


def _trees(root: Any, columns: Any, scale: float) -> Iterator[Tree]:
    """Give one tree for each sum that the leaves add to."""
    rows: list[tuple[bool, int, float, int, int, bool, list[float]]] = []
    _number(root, columns, rows)
    leaf, feature, threshold, left, right, missing, values = zip(*rows, strict=True)
    bounds = before_rounding(np.array(threshold))
    width = max(map(len, values))
    for target in range(width):
        value = [each[target] * scale if each else 0.0 for each in values]
        yield Tree(
            np.array(leaf), np.array(feature), bounds, np.array(left), np.array(right), np.array(missing),
            np.full(len(leaf), target), np.array(value), {},
        )  # fmt: skip


def _number(node: Any, columns: Any, rows: list[Any]) -> int:
    """Append a node and all below it, and return its place."""
    place = len(rows)
    rows.append(None)
    if "split" not in node:
        value = node["value"]
        rows[place] = (True, 0, 0.0, 0, 0, False, value if isinstance(value, list) else [value])
        return place
    split = node["split"]
    if split["split_type"] != "FloatFeature":
        raise Inexact(f"CatBoost's split {split['split_type']}")
    column = columns[split["float_feature_index"]]
    left, right = (_number(node[side], columns, rows) for side in ("left", "right"))
    missing_left = column["nan_value_treatment"] != "AsTrue"
    rows[place] = (False, column["flat_feature_index"], split["border"], left, right, missing_left, [])
    return place

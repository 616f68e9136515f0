"""Histogram gradient boosting, which skl2onnx itself cannot convert today."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skl2onnx import update_registered_converter
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from model.packing.converters.answers import CLASSIFIER_OPTIONS, best, give, give_label
from model.packing.converters.nodes import constant, in_float64, node
from model.packing.converters.tree_ensemble import ensemble
from model.trees.tree import Inexact, Tree

LOG_LINK = {"poisson", "gamma"}


def register() -> None:
    """Make skl2onnx convert both estimators our way."""
    update_registered_converter(
        HistGradientBoostingClassifier, "ScoreAppHistClassifier", calculate_linear_classifier_output_shapes,
        _classifier,
        options=CLASSIFIER_OPTIONS,
    )  # fmt: skip
    update_registered_converter(
        HistGradientBoostingRegressor, "ScoreAppHistRegressor", calculate_linear_regressor_output_shapes, _regressor
    )


def _regressor(scope: Any, operator: Any, container: Any) -> None:
    raw = _raw(scope, operator, container)
    number = node(scope, container, "Exp", [raw]) if operator.raw_operator.loss in LOG_LINK else raw
    give(scope, container, number, operator.outputs[0])


def _classifier(scope: Any, operator: Any, container: Any) -> None:
    raw = _raw(scope, operator, container)
    if operator.raw_operator.n_trees_per_iteration_ == 1:
        yes = node(scope, container, "Sigmoid", [raw])
        no = node(scope, container, "Sub", [constant(scope, container, np.float64(1)), yes])
        proba = node(scope, container, "Concat", [no, yes], axis=1)
    else:
        proba = node(scope, container, "Softmax", [raw], axis=1)
    label, probabilities = operator.outputs[:2]
    give_label(scope, container, best(scope, container, proba), operator.raw_operator.classes_, label)
    give(scope, container, proba, probabilities)


def _raw(scope: Any, operator: Any, container: Any) -> str:
    """Add the baseline and every iteration's trees up."""
    matrix = in_float64(scope, container, operator.inputs[0])
    trees, baseline = plain_trees(operator.raw_operator)
    sums = ensemble(scope, container, matrix, trees, len(baseline))
    return node(scope, container, "Add", [sums, constant(scope, container, baseline[None, :])])


def plain_trees(model: Any) -> tuple[list[Tree], NDArray[np.float64]]:
    """Return every iteration's trees, and what is there before the first."""
    columns = _Columns(model)
    trees = [_tree(tree, target, columns) for stage in model._predictors for target, tree in enumerate(stage)]
    return trees, np.asarray(model._baseline_prediction, dtype=np.float64).ravel()


def require_numbers(model: Any) -> None:
    """Refuse an estimator whose categories are texts."""
    categorical = getattr(model, "is_categorical_", None) is not None
    if categorical and any(each.dtype.kind not in "fiub" for each in _categories(model)):
        raise Inexact("HistGradientBoosting that encodes texts itself")


def _categories(model: Any) -> list[NDArray[Any]]:
    known: list[NDArray[Any]] = model._preprocessor.named_transformers_["encoder"].categories_
    return known


class _Columns:
    """Where the trees' features stand in the callers' rows, and which values their categories have there."""

    def __init__(self, model: Any) -> None:
        self.place = np.arange(model.n_features_in_)
        self.known: list[NDArray[np.float64]] = []
        if model.is_categorical_ is not None:
            # The estimator moves categorical columns to the front and numbers their categories.
            self.place = np.argsort(~model.is_categorical_, kind="stable")
            require_numbers(model)
            self.known = [values.astype(np.float64) for values in _categories(model)]


def _tree(predictor: Any, target: int, columns: _Columns) -> Tree:
    nodes = predictor.nodes
    left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
    missing_left = nodes["missing_go_to_left"].astype(bool)
    members = {}
    for place in np.flatnonzero(nodes["is_categorical"]).tolist():
        codes = _codes(predictor.raw_left_cat_bitsets[nodes["bitset_idx"][place]])
        known = columns.known[nodes["feature_idx"][place]]
        goes_left = np.isin(np.arange(len(known)), codes) & ~np.isnan(known)
        # An unknown category goes where a missing value goes, so the side that names its categories is the other one.
        if missing_left[place]:
            left[place], right[place], missing_left[place] = right[place], left[place], False
            goes_left = ~goes_left & ~np.isnan(known)
        members[place] = known[goes_left].tolist()
    return Tree(
        leaf=nodes["is_leaf"].astype(bool),
        feature=columns.place[nodes["feature_idx"]],
        threshold=nodes["num_threshold"].astype(np.float64),
        left=left,
        right=right,
        missing_left=missing_left,
        target=np.full(len(nodes), target),
        value=nodes["value"].astype(np.float64),
        members=members,
    )


def _codes(words: NDArray[np.uint32]) -> list[int]:
    """Return the numbers of the categories whose bit is set."""
    return [32 * place + bit for place, word in enumerate(words.tolist()) for bit in range(32) if word >> bit & 1]

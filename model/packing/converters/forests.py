"""Decision trees and forests of them, exact to the last tie: scikit-learn rounds their input to float32, we do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skl2onnx import update_registered_converter
from skl2onnx.shape_calculators.ensemble_shapes import (
    calculate_tree_classifier_output_shapes,
    calculate_tree_regressor_output_shapes,
)
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

from model.packing.converters.answers import CLASSIFIER_OPTIONS, best, declare_wide_scores, give, give_label
from model.packing.converters.nodes import constant, in_float64, node
from model.packing.converters.tree_ensemble import ensemble
from model.trees.tree import Inexact, Tree, before_rounding

CLASSIFIERS = (RandomForestClassifier, ExtraTreesClassifier, DecisionTreeClassifier, ExtraTreeClassifier)
REGRESSORS = (RandomForestRegressor, ExtraTreesRegressor, DecisionTreeRegressor, ExtraTreeRegressor)


def register() -> None:
    """Make skl2onnx convert trees and forests our way."""
    for kind in CLASSIFIERS:
        update_registered_converter(
            kind, f"ScoreApp{kind.__name__}", _classifier_shape, _classifier,
            options=CLASSIFIER_OPTIONS,
        )  # fmt: skip
    for kind in REGRESSORS:
        update_registered_converter(
            kind, f"ScoreApp{kind.__name__}", calculate_tree_regressor_output_shapes, _regressor
        )


def _classifier_shape(operator: Any) -> None:
    calculate_tree_classifier_output_shapes(operator)
    declare_wide_scores(operator)


def _classifier(scope: Any, operator: Any, container: Any) -> None:
    model = operator.raw_operator
    label, proba = operator.outputs[:2]
    sums = _sums(scope, operator, container, normalised=True)
    count = constant(scope, container, np.float64(len(_members(model))))
    if model.n_outputs_ == 1:
        mean = node(scope, container, "Div", [sums, count])
        give_label(scope, container, best(scope, container, mean), model.classes_, label)
        give(scope, container, mean, proba)
        return
    shape = constant(scope, container, np.array([-1, model.n_outputs_, _widest(model)], dtype=np.int64))
    mean = node(scope, container, "Div", [node(scope, container, "Reshape", [sums, shape]), count])
    if any((np.asarray(classes) != np.arange(len(classes))).any() for classes in model.classes_):
        raise Inexact("several targets whose labels are not 0, 1, …")
    give_label(scope, container, best(scope, container, mean, axis=2), np.arange(_widest(model)), label)
    give(scope, container, node(scope, container, "Transpose", [mean], perm=[1, 0, 2]), proba)


def _regressor(scope: Any, operator: Any, container: Any) -> None:
    sums = _sums(scope, operator, container, normalised=False)
    count = constant(scope, container, np.float64(len(_members(operator.raw_operator))))
    give(scope, container, node(scope, container, "Div", [sums, count]), operator.outputs[0])


def _sums(scope: Any, operator: Any, container: Any, *, normalised: bool) -> str:
    matrix = in_float64(scope, container, operator.inputs[0])
    return ensemble(scope, container, matrix, *plain_forest(operator.raw_operator, normalised=normalised))


def plain_forest(model: Any, *, normalised: bool) -> tuple[list[Tree], int]:
    """Return the trees of a forest, whose sums are to be divided by their number, and how many sums there are."""
    trees = [tree for member in _members(model) for tree in _trees(member.tree_, normalised=normalised)]
    return trees, model.n_outputs_ * _widest(model)


def _members(model: Any) -> list[Any]:
    return list(getattr(model, "estimators_", [model]))


def _widest(model: Any) -> int:
    return int(np.max(getattr(model, "n_classes_", 1)))


def _trees(tree: Any, *, normalised: bool) -> Iterator[Tree]:
    """Give one tree if each leaf adds to one output only, else one for each output."""
    values = tree.value.reshape(len(tree.feature), -1)
    if normalised:
        table = tree.value
        values = (table / table.sum(axis=2, keepdims=True)).reshape(len(table), -1)
    leaf = tree.children_left < 0
    single = ((values[leaf] != 0).sum(axis=1) <= 1).all()
    if single:
        yield replace(as_tree(tree, values.sum(axis=1)), target=np.argmax(values != 0, axis=1))
        return
    for target, column in enumerate(values.T):
        yield replace(as_tree(tree, column), target=np.full(len(leaf), target))


def as_tree(tree: Any, values: NDArray[np.float64], features: NDArray[np.int64] | None = None) -> Tree:
    """Return scikit-learn's tree with these values at its nodes; features say where its columns stand in a row."""
    return Tree(
        leaf=tree.children_left < 0,
        feature=tree.feature if features is None else np.asarray(features)[tree.feature],
        threshold=before_rounding(tree.threshold),
        left=tree.children_left,
        right=tree.children_right,
        missing_left=tree.missing_go_to_left.astype(bool),
        target=np.zeros(tree.node_count, dtype=np.int64),
        value=values,
        members={},
    )

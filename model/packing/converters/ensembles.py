"""Ensembles whose stock converter refuses or is not exact: isolation forests and votes."""

from __future__ import annotations

from typing import Any

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import Int64TensorType
from skl2onnx.operator_converters.voting_classifier import convert_voting_classifier
from skl2onnx.shape_calculators.voting_classifier import voting_classifier_shape_calculator
from sklearn.ensemble import IsolationForest, VotingClassifier
from sklearn.ensemble._iforest import _average_path_length

from model.packing.converters.answers import CLASSIFIER_OPTIONS, give
from model.packing.converters.forests import as_tree
from model.packing.converters.nodes import constant, in_float64, node
from model.packing.converters.tree_ensemble import ensemble


def register() -> None:
    """Make skl2onnx convert both our way."""
    update_registered_converter(
        IsolationForest, "SklearnIsolationForest", _isolation_shape, _isolation,
        options={"score_samples": [True, False]},
    )  # fmt: skip
    update_registered_converter(
        VotingClassifier, "SklearnVotingClassifier", voting_classifier_shape_calculator, _vote,
        options=CLASSIFIER_OPTIONS,
    )  # fmt: skip


def _vote(scope: Any, operator: Any, container: Any) -> None:
    """Convert as usual: how transform lays out its columns, which the stock converter minds, is no matter here."""
    model = operator.raw_operator
    wished, model.flatten_transform = model.flatten_transform, False
    try:
        convert_voting_classifier(scope, operator, container)
    finally:
        model.flatten_transform = wished


def _isolation_shape(operator: Any) -> None:
    operator.outputs[0].type = Int64TensorType([None, 1])
    operator.outputs[1].type.shape = [None, 1]


def _isolation(scope: Any, operator: Any, container: Any) -> None:
    """Add up how deep each tree's leaf lies; what lies shallow is easily separated from the rest."""
    model = operator.raw_operator
    matrix = in_float64(scope, container, operator.inputs[0])
    depths = zip(model._decision_path_lengths, model._average_path_length_per_tree, strict=True)
    members = zip(model.estimators_, model.estimators_features_, depths, strict=True)
    trees = [as_tree(tree.tree_, path + rest - 1.0, features) for tree, features, (path, rest) in members]
    depth = ensemble(scope, container, matrix, trees, 1)
    usual = len(model.estimators_) * float(_average_path_length(np.array([model._max_samples]))[0])
    power = node(scope, container, "Div", [depth, constant(scope, container, np.float64(-usual))])
    anomaly = node(scope, container, "Pow", [constant(scope, container, np.float64(2)), power])
    score = node(scope, container, "Neg", [anomaly])
    decision = node(scope, container, "Sub", [score, constant(scope, container, np.float64(model.offset_))])
    odd = node(scope, container, "Less", [decision, constant(scope, container, np.float64(0))])
    minus, plus = (constant(scope, container, np.int64(label)) for label in (-1, 1))
    label = node(scope, container, "Where", [odd, minus, plus])
    container.add_node(
        "Identity", [label], [operator.outputs[0].full_name], name=scope.get_unique_operator_name("Identity")
    )
    give(scope, container, decision, operator.outputs[1])

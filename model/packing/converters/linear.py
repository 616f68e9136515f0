"""Linear classifiers without probabilities in float64, where the stock converters have float32 alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from sklearn.linear_model import RidgeClassifier, RidgeClassifierCV
from sklearn.svm import LinearSVC

from model.packing.converters.answers import CLASSIFIER_OPTIONS, best, declare_wide_scores, give, give_label
from model.packing.converters.nodes import constant, in_float64, node

KINDS = (LinearSVC, RidgeClassifier, RidgeClassifierCV)


def register() -> None:
    """Make skl2onnx convert them our way."""
    for kind in KINDS:
        update_registered_converter(
            kind, f"ScoreApp{kind.__name__}", _shape, _classifier,
            options={**CLASSIFIER_OPTIONS, "raw_scores": [True, False]},
        )  # fmt: skip


def _shape(operator: Any) -> None:
    calculate_linear_classifier_output_shapes(operator)
    declare_wide_scores(operator)


def _classifier(scope: Any, operator: Any, container: Any) -> None:
    """Give the class of the highest score; two classes have one score, of the second."""
    model = operator.raw_operator
    coefficients = np.atleast_2d(model.coef_).T.astype(np.float64)
    intercepts = np.broadcast_to(np.asarray(model.intercept_, dtype=np.float64).ravel(), coefficients.shape[1:])
    matrix = in_float64(scope, container, operator.inputs[0])
    product = node(scope, container, "MatMul", [matrix, constant(scope, container, coefficients)])
    scores = node(scope, container, "Add", [product, constant(scope, container, intercepts[None, :])])
    if len(model.classes_) == 2:
        scores = node(scope, container, "Concat", [node(scope, container, "Neg", [scores]), scores], axis=1)
    label, given = operator.outputs[:2]
    give_label(scope, container, best(scope, container, scores), model.classes_, label)
    give(scope, container, scores, given)

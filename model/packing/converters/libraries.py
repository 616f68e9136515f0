"""LightGBM, XGBoost and CatBoost, each in its own arithmetic."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType

from model.packing.converters.answers import CLASSIFIER_OPTIONS, best, give, give_label
from model.packing.converters.nodes import cast, constant, in_float64, node
from model.packing.converters.tree_ensemble import ensemble
from model.trees.boosted import Boosted
from model.trees.read import read_boosted
from model.trees.tree import Inexact

ZERO_IS_MISSING = "zero_is_missing"
"""The option of an XGBoost model that gets sparse rows: what is not stored in them is missing."""
_CLASSIFIERS = {
    "lightgbm": ("LGBMClassifier",),
    "xgboost": ("XGBClassifier", "XGBRFClassifier"),
    "catboost": ("CatBoostClassifier",),
}
_REGRESSORS = {
    "lightgbm": ("LGBMRegressor", "LGBMRanker"),
    "xgboost": ("XGBRegressor", "XGBRFRegressor", "XGBRanker"),
    "catboost": ("CatBoostRegressor", "CatBoostRanker"),
}


def register() -> None:
    """Make skl2onnx convert the models of each library that is loaded; what is not has made none of them."""
    for library in _CLASSIFIERS:
        if library in sys.modules:
            _register(library)


@cache
def _register(library: str) -> None:
    options: dict[str, Any] = {ZERO_IS_MISSING: [True, False]}
    for name in _CLASSIFIERS[library]:
        kind = getattr(sys.modules[library], name)
        alias, known = f"ScoreApp{name}", {**CLASSIFIER_OPTIONS, **options}
        update_registered_converter(kind, alias, _classifier_shape, _classifier, parser=_parser(alias), options=known)
    for name in _REGRESSORS[library]:
        kind = getattr(sys.modules[library], name)
        update_registered_converter(kind, f"ScoreApp{name}", _regressor_shape, _regressor, options=options)


def _parser(alias: str) -> Any:
    """Return what declares a classifier's outputs: CatBoost's does not look like one to skl2onnx."""

    def parse(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:  # noqa: ARG001 - its signature
        operator = scope.declare_local_operator(alias, model)
        operator.inputs = inputs
        operator.outputs.append(scope.declare_local_variable("label", Int64TensorType()))
        operator.outputs.append(scope.declare_local_variable("probabilities", DoubleTensorType()))
        return operator.outputs

    return parse


def _number_type(operator: Any) -> Any:
    narrow = any(isinstance(each.type, FloatTensorType) for each in operator.inputs)
    return FloatTensorType if narrow else DoubleTensorType


def _classifier_shape(operator: Any) -> None:
    classes = np.asarray(operator.raw_operator.classes_)
    label = StringTensorType if classes.dtype.kind in "UO" else Int64TensorType
    operator.outputs[0].type = label([None])
    operator.outputs[1].type = _number_type(operator)([None, len(classes)])


def _regressor_shape(operator: Any) -> None:
    operator.outputs[0].type = _number_type(operator)([None, 1])


def _regressor(scope: Any, operator: Any, container: Any) -> None:
    model = read_boosted(operator.raw_operator)
    if model.link not in ("number", "exp", "logistic") or len(model.base) > 1:
        raise Inexact(f"a {type(operator.raw_operator).__name__} that predicts several numbers")
    number = _sums(scope, operator, container, model)
    if model.link == "exp":
        number = node(scope, container, "Exp", [number])
    if model.link == "logistic":
        number = _logistic(scope, container, model, number)
    give(scope, container, _wide(scope, container, model, number), operator.outputs[0])


def _classifier(scope: Any, operator: Any, container: Any) -> None:
    model = read_boosted(operator.raw_operator)
    sums = _sums(scope, operator, container, model)
    if model.link == "softmax":
        proba = node(scope, container, "Softmax", [sums], axis=1)
    elif model.link == "each":
        proba = _logistic(scope, container, model, sums)
    elif model.link == "logistic":
        yes = _logistic(scope, container, model, sums)
        no = node(scope, container, "Sub", [_one(scope, container, model), yes])
        proba = node(scope, container, "Concat", [no, yes], axis=1)
    else:
        raise Inexact(f"a classifier whose objective gives a {model.link}")
    label, probabilities = operator.outputs[:2]
    give_label(scope, container, best(scope, container, proba), operator.raw_operator.classes_, label)
    give(scope, container, _wide(scope, container, model, proba), probabilities)


def _one(scope: Any, container: Any, model: Boosted) -> str:
    return constant(scope, container, np.float32(1) if model.narrow else np.float64(1))


def _logistic(scope: Any, container: Any, model: Boosted, sums: str) -> str:
    """Write the function out: the operator of this name rounds otherwise."""
    one = _one(scope, container, model)
    slope = np.array(-model.slope, dtype=np.float32 if model.narrow else np.float64)
    moved = node(scope, container, "Mul", [sums, constant(scope, container, slope)])
    below = node(scope, container, "Add", [node(scope, container, "Exp", [moved]), one])
    return node(scope, container, "Div", [one, below])


def _wide(scope: Any, container: Any, model: Boosted, name: str) -> str:
    return cast(scope, container, name, "DOUBLE") if model.narrow else name


def _sums(scope: Any, operator: Any, container: Any, model: Boosted) -> str:
    matrix = _matrix(scope, operator, container, model)
    if container.get_options(operator.raw_operator, {ZERO_IS_MISSING: False}, fail=False).get(ZERO_IS_MISSING):
        nothing = node(scope, container, "Equal", [matrix, constant(scope, container, np.float64(0))])
        matrix = node(scope, container, "Where", [nothing, constant(scope, container, np.float64(np.nan)), matrix])
    if model.narrow:
        return _narrow_sums(scope, container, matrix, model)
    sums = ensemble(scope, container, matrix, model.trees, len(model.base))
    if model.divisor > 1:
        sums = node(scope, container, "Div", [sums, constant(scope, container, np.float64(model.divisor))])
    if model.base.any():
        sums = node(scope, container, "Add", [sums, constant(scope, container, model.base[None, :])])
    return sums


def _narrow_sums(scope: Any, container: Any, matrix: str, model: Boosted) -> str:
    """Add up in float32, one tree after the other, as the library does: each tree has an output of its own."""
    width = len(model.base)
    counts = np.bincount([int(tree.target[0]) for tree in model.trees], minlength=width)
    if (counts != counts[0]).any():
        raise Inexact("classes with different numbers of trees")
    seen = [0] * width
    start = np.zeros((1, width, int(counts[0])), dtype=np.float32)
    start[0, :, 0] = model.base
    trees = []
    for tree in model.trees:
        target = int(tree.target[0])
        place = target * int(counts[0]) + seen[target]
        trees.append(tree.adding_to(place))
        seen[target] += 1
    values = cast(scope, container, ensemble(scope, container, matrix, trees, len(trees)), "FLOAT")
    shape = constant(scope, container, np.array([-1, width, int(counts[0])], dtype=np.int64))
    parts = node(scope, container, "Reshape", [values, shape])
    # What a sum starts with is added to its first tree; all others get a zero, which changes nothing.
    parts = node(scope, container, "Add", [parts, constant(scope, container, start)])
    running = node(scope, container, "CumSum", [parts, constant(scope, container, np.int64(2))])
    last = constant(scope, container, np.int64(int(counts[0]) - 1))
    return node(scope, container, "Gather", [running, last], axis=2)


def _matrix(scope: Any, operator: Any, container: Any, model: Boosted) -> str:
    """Return the inputs as one matrix in float64, with categories as numbers."""
    columns, place = [], 0
    for variable in operator.inputs:
        width = variable.type.shape[1]
        known = [model.categories.get(place + step) for step in range(width)]
        if any(known):
            columns += [_coded(scope, container, variable, step, each) for step, each in enumerate(known)]
        else:
            columns.append(in_float64(scope, container, variable))
        place += width
    return columns[0] if len(columns) == 1 else node(scope, container, "Concat", columns, axis=1)


def _coded(scope: Any, container: Any, variable: Any, step: int, known: tuple[Any, ...] | None) -> str:
    """Return one column of a variable, as the number of its category where it has some."""
    if isinstance(variable.type, StringTensorType):
        texts = {"keys_strings": list(known or ()), "values_floats": [float(code) for code in range(len(known or ()))]}
        code = node(
            scope, container, "LabelEncoder", [variable.full_name], op_domain="ai.onnx.ml", op_version=2,
            default_float=float("nan"), **texts,
        )  # fmt: skip
        return cast(scope, container, code, "DOUBLE")
    place = constant(scope, container, np.array([step], dtype=np.int64))
    column = node(scope, container, "Gather", [in_float64(scope, container, variable), place], axis=1)
    if known is None:
        return column
    keys = constant(scope, container, np.array([known], dtype=np.float64))
    same = cast(scope, container, node(scope, container, "Equal", [column, keys]), "DOUBLE")
    codes = np.column_stack([np.arange(len(known)), np.ones(len(known))]).astype(np.float64)
    found = node(scope, container, "MatMul", [same, constant(scope, container, codes)])
    one, two = (constant(scope, container, np.array([each], dtype=np.int64)) for each in (0, 1))
    code, there = (node(scope, container, "Gather", [found, each], axis=1) for each in (one, two))
    is_known = node(scope, container, "Greater", [there, constant(scope, container, np.float64(0))])
    return node(scope, container, "Where", [is_known, code, constant(scope, container, np.float64(np.nan))])

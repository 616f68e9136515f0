"""Models around others: thresholds, chains, and targets that were transformed."""

from __future__ import annotations

from typing import Any

import numpy as np
from skl2onnx._parse import _parse_sklearn
from sklearn.base import is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multioutput import ClassifierChain, RegressorChain
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from model.packing.converters.builder import Graph, convert, yes_or_no
from model.trees.tree import Inexact


def register() -> None:
    """Make skl2onnx convert them."""
    for kind in (FixedThresholdClassifier, TunedThresholdClassifierCV):
        convert(kind, _threshold, "classes", _inner_classifier)
    convert(TransformedTargetRegressor, _back, "numbers", _inner_regressor)
    convert(_Joined, _joined, "numbers")
    convert(RegressorChain, _in_order, "numbers", _chain)
    convert(ClassifierChain, _labels_in_order, "each", _classifier_chain)


def _inner_classifier(scope: Any, model: Any, inputs: Any) -> list[Any]:
    return _answers(scope, _inside(model), inputs)[:2]


def _inner_regressor(scope: Any, model: Any, inputs: Any) -> list[Any]:
    return _answers(scope, model.regressor_, inputs)[:1]


def _answers(scope: Any, model: Any, inputs: Any) -> list[Any]:
    """Give the answers of a model inside another, its probabilities as a table."""
    last = model
    while hasattr(last, "steps"):
        last = last.steps[-1][1]
    if is_classifier(last):
        scope.options = {**(scope.options or {}), id(last): {"zipmap": False}}
    return list(_parse_sklearn(scope, model, inputs))


def _inside(model: Any) -> Any:
    return getattr(model, "estimator_", model.estimator)


def _threshold(graph: Graph, model: Any) -> tuple[str, str]:
    if model.response_method == "decision_function" or not hasattr(_inside(model), "predict_proba"):
        raise Inexact("a threshold of scores that are no probabilities")
    if hasattr(model, "best_threshold_"):
        limit, positive = model.best_threshold_, model._curve_scorer._get_pos_label()
    else:
        limit, positive = (0.5 if model.threshold == "auto" else model.threshold), model.pos_label
    place = 1 if positive is None else int(np.flatnonzero(model.classes_ == positive)[0])
    proba = graph.matrix(1)
    score = graph("Gather", proba, np.int64(place), axis=1)
    above = graph("GreaterOrEqual", score, np.float64(limit))
    return graph("Where", above, np.int64(place), np.int64(1 - place)), proba


_INVERSES = {np.exp: "Exp", np.sqrt: "Sqrt", np.log: "Log", np.negative: "Neg", np.abs: "Abs"}


def _back(graph: Graph, model: Any) -> str:
    """Undo what was done to the target."""
    number, step = graph.matrix(), model.transformer_
    if type(step) is FunctionTransformer:
        return _undone(graph, number, step.inverse_func)
    if type(step) is StandardScaler:
        return _moved(graph, number, step.scale_, step.mean_ if step.with_mean else None)
    if type(step) is RobustScaler:
        scale = step.scale_ if step.with_scaling else None
        return _moved(graph, number, scale, step.center_ if step.with_centering else None)
    if type(step) is MaxAbsScaler:
        return _moved(graph, number, step.scale_, None)
    if type(step) is MinMaxScaler:
        return graph("Div", graph("Sub", number, step.min_), step.scale_)
    raise Inexact(f"a target transformed by {type(step).__name__}")


def _undone(graph: Graph, number: str, function: Any) -> str:
    if function is None:
        return number
    if function is np.expm1:
        return graph("Sub", graph("Exp", number), np.float64(1))
    if function is np.square:
        return graph("Mul", number, number)
    if function not in _INVERSES:
        raise Inexact(f"a target transformed by {getattr(function, '__name__', function)}")
    return graph(_INVERSES[function], number)


def _moved(graph: Graph, number: str, scale: Any, mean: Any) -> str:
    number = number if scale is None else graph("Mul", number, np.asarray(scale))
    return number if mean is None else graph("Add", number, np.asarray(mean))


class _Joined:
    """The columns of a chain's next model: the row, and what the models before it have answered."""


def _joined(graph: Graph, _: Any) -> str:
    parts = [graph("Reshape", graph.matrix(place), _SHAPE) for place in range(1, len(graph.inputs))]
    return graph("Concat", graph.matrix(), *parts, axis=1)


_SHAPE = np.array([-1, 1], dtype=np.int64)


def _chain(scope: Any, model: Any, inputs: Any) -> list[Any]:
    """Give the answers of all models of a chain in its order, each of which sees those before it."""
    answers: list[Any] = []
    for estimator in model.estimators_:
        joined = _parse_sklearn(scope, _Joined(), [*inputs[:1], *answers])
        answers += _answers(scope, estimator, joined)[:1]
    return answers


def _classifier_chain(scope: Any, model: Any, inputs: Any) -> list[Any]:
    """Give the labels of all models of a chain, and then their probabilities."""
    labels: list[Any] = []
    shares: list[Any] = []
    for estimator in model.estimators_:
        joined = _parse_sklearn(scope, _Joined(), [*inputs[:1], *labels])
        label, share = _answers(scope, estimator, joined)[:2]
        labels.append(label)
        shares.append(share)
    return labels + shares


def _in_order(graph: Graph, model: Any) -> str:
    """Return the answers in the order of the targets."""
    parts = [graph("Reshape", graph.matrix(place), _SHAPE) for place in np.argsort(model.order_).tolist()]
    return graph("Concat", *parts, axis=1)


def _labels_in_order(graph: Graph, model: Any) -> tuple[str, str]:
    if getattr(model, "chain_method_", "predict") != "predict" or not hasattr(model.estimators_[0], "predict_proba"):
        raise Inexact("a chain of something else than labels")
    if any(np.asarray(classes).tolist() != [0, 1] for classes in model.classes_):
        raise Inexact("a chain of labels that are not 0 and 1")
    count, order = len(model.order_), np.argsort(model.order_).tolist()
    one = np.int64(1)
    shares = [graph("Gather", graph.matrix(count + place), one, axis=1) for place in order]
    stacked = graph("Concat", *(graph("Reshape", share, _SHAPE) for share in shares), axis=1)
    return yes_or_no(graph, graph.cast(_in_order(graph, model), "INT64"), stacked)

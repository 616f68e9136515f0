"""Neural networks that classify: also those of several labels, which the stock converter has only in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier

from model.packing.converters.builder import Graph, convert, yes_or_no

_ACTIVATIONS = {"logistic": "Sigmoid", "tanh": "Tanh", "relu": "Relu"}


def register() -> None:
    """Make skl2onnx convert them our way."""
    convert(MLPClassifier, _network, "classes", several=_has_several_labels)


def _has_several_labels(model: Any) -> bool:
    return str(model._label_binarizer.y_type_).startswith("multilabel")


def _network(graph: Graph, model: Any) -> tuple[str, str]:
    layers = list(zip(model.coefs_, model.intercepts_, strict=True))
    values = graph.matrix()
    for weights, constants in layers[:-1]:
        values = graph.affine(values, weights, constants)
        if model.activation in _ACTIVATIONS:
            values = graph(_ACTIVATIONS[model.activation], values)
    values = graph.affine(values, *layers[-1])
    if model.out_activation_ == "softmax":
        proba = graph("Softmax", values, axis=1)
        return graph.best(proba), proba
    yes = graph("Sigmoid", values)
    labels = graph.cast(graph("Greater", yes, np.float64(0.5)), "INT64")
    if _has_several_labels(model):
        return yes_or_no(graph, labels, yes)
    proba = graph("Concat", graph("Sub", np.float64(1), yes), yes, axis=1)
    return graph("Reshape", labels, np.array([-1], dtype=np.int64)), proba

"""Models of how the rows of a class, or all good rows, lie around their mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.covariance import EllipticEnvelope
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis

from model.packing.converters.builder import Graph, convert


def register() -> None:
    """Make skl2onnx convert both our way."""
    convert(QuadraticDiscriminantAnalysis, _quadratic, "classes")
    convert(EllipticEnvelope, _envelope, "labels")


def _quadratic(graph: Graph, model: Any) -> tuple[str, str]:
    matrix, distances = graph.matrix(), []
    for mean, rotation, scaling in zip(model.means_, model.rotations_, model.scalings_, strict=True):
        turned = graph("MatMul", graph("Sub", matrix, np.asarray(mean)), rotation * scaling**-0.5)
        distances.append(graph.row_sums(graph("Mul", turned, turned)))
    logs = np.array([np.log(scaling).sum() for scaling in model.scalings_])
    distance = graph("Concat", *distances, axis=1)
    scores = graph("Add", graph("Mul", distance, np.float64(-0.5)), np.log(model.priors_) - 0.5 * logs)
    return graph.best(scores), graph("Softmax", scores, axis=1)


def _envelope(graph: Graph, model: Any) -> str:
    away = graph("Sub", graph.matrix(), model.location_)
    distance = graph.row_sums(graph("Mul", graph("MatMul", away, model.get_precision()), away))
    inside = graph("LessOrEqual", distance, np.float64(-model.offset_))
    label = graph("Where", inside, np.int64(1), np.int64(-1))
    return graph("Reshape", label, np.array([-1], dtype=np.int64))

"""Models that compare a row with rows of training by a kernel, in float64 where ONNX's own operators have float32."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from sklearn.kernel_ridge import KernelRidge
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

from model.packing.converters.builder import Graph, convert
from model.trees.tree import Inexact


def register() -> None:
    """Make skl2onnx convert them our way."""
    convert(KernelRidge, _ridge, "numbers")
    convert(OneClassSVM, _one_class, "labels")
    for regressor in (SVR, NuSVR):
        convert(regressor, _support_sum, "numbers")
    for classifier in (SVC, NuSVC):
        convert(classifier, _votes, "classes")


def _kernel(graph: Graph, rows: Any, kind: str, gamma: float, degree: float, coef0: float) -> str:
    """Return the kernel of each row with each of these."""
    matrix = graph.matrix()
    rows = np.asarray(rows, dtype=np.float64)
    if kind == "rbf":
        own = graph.row_sums(graph("Mul", matrix, matrix))
        cross = graph.affine(matrix, -2.0 * rows.T, np.square(rows).sum(axis=1))
        distance = graph("Max", graph("Add", cross, own), np.float64(0))
        return graph("Exp", graph("Mul", distance, np.float64(-gamma)))
    if kind == "linear":
        return graph("MatMul", matrix, rows.T)
    # ONNX Runtime would fuse a factor behind the product into it, as float32.
    moved = graph.affine(matrix, gamma * rows.T, np.float64(coef0))
    if kind in ("poly", "polynomial"):
        return graph("Pow", moved, np.float64(degree))
    if kind == "sigmoid":
        return graph("Tanh", moved)
    raise Inexact(f"the kernel {kind}")


def _ridge(graph: Graph, model: Any) -> str:
    if callable(model.kernel) or not isinstance(model.X_fit_, np.ndarray):
        raise Inexact("a kernel of one's own, or sparse rows")
    gamma = 1.0 / model.X_fit_.shape[1] if model.gamma is None else model.gamma
    kernel = _kernel(graph, model.X_fit_, model.kernel, gamma, model.degree, model.coef0)
    return graph("MatMul", kernel, model.dual_coef_.reshape(len(model.X_fit_), -1).astype(np.float64))


def _support(graph: Graph, model: Any) -> str:
    if callable(model.kernel) or not isinstance(model.support_vectors_, np.ndarray) or model.kernel == "precomputed":
        raise Inexact("a kernel of one's own, or sparse rows")
    return _kernel(graph, model.support_vectors_, model.kernel, model._gamma, model.degree, model.coef0)


def _support_sum(graph: Graph, model: Any) -> str:
    return graph.affine(_support(graph, model), model._dual_coef_.T, model._intercept_)


def _one_class(graph: Graph, model: Any) -> str:
    inside = graph("Greater", _support_sum(graph, model), np.float64(0))
    label = graph("Where", inside, np.int64(1), np.int64(-1))
    return graph("Reshape", label, np.array([-1], dtype=np.int64))


def _votes(graph: Graph, model: Any) -> tuple[str, str]:
    """Let every pair of classes vote, as libsvm does; of classes with as many votes, the first one wins."""
    if model.probability is True or (model.break_ties and len(model.classes_) > 2):
        raise Inexact("probabilities or broken ties of a support vector machine")
    pairs = list(combinations(range(len(model.classes_)), 2))
    owner = np.repeat(np.arange(len(model.classes_)), model._n_support)
    weights = np.zeros((len(owner), len(pairs)))
    for place, (one, other) in enumerate(pairs):
        for mine, row in ((one, other - 1), (other, one)):
            weights[owner == mine, place] = model._dual_coef_[row, owner == mine]
    scores = graph.affine(_support(graph, model), weights, model._intercept_)
    first = graph.cast(graph("Greater", scores, np.float64(0)), "DOUBLE")
    wins, losses = (np.eye(len(model.classes_))[[pair[side] for pair in pairs]] for side in (0, 1))
    votes = graph.affine(first, wins - losses, losses.sum(axis=0))
    return graph.best(votes), votes

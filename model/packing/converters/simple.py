"""Models that answer always the same, a line, or a curve of straight pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.cross_decomposition import CCA, PLSCanonical, PLSRegression
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.isotonic import IsotonicRegression
from sklearn.naive_bayes import CategoricalNB

from model.packing.converters.builder import Graph, convert
from model.trees.tree import Inexact

_MOST_PIECES = 5_000


def register() -> None:
    """Make skl2onnx convert them."""
    for kind in (CCA, PLSCanonical, PLSRegression):
        convert(kind, _projected, "numbers")
    convert(CategoricalNB, _refuses_unknown, "classes")
    convert(DummyClassifier, _commonest, "classes")
    convert(DummyRegressor, _always, "numbers")
    convert(IsotonicRegression, _pieces, "numbers")


def _projected(graph: Graph, model: Any) -> str:
    centered = graph("Sub", graph.matrix(), model._x_mean)
    return graph.affine(centered, model.coef_.T, model.intercept_)


def _refuses_unknown(_: Graph, __: Any) -> tuple[str, str]:
    raise Inexact("it refuses categories that training had not, which a copy would answer")


def _commonest(graph: Graph, model: Any) -> tuple[str, str]:
    if model.strategy not in ("prior", "most_frequent", "constant") or model.n_outputs_ > 1:
        raise Inexact(f"answers by chance, or several: {model.strategy}")
    place = int(np.argmax(model.class_prior_))
    if model.strategy == "constant":
        place = int(np.flatnonzero(model.classes_ == np.ravel(model.constant)[0])[0])
    shares = model.class_prior_ if model.strategy == "prior" else np.eye(len(model.classes_))[place]
    return graph.repeated(np.int64(place)), graph.repeated(np.asarray(shares, dtype=np.float64))


def _always(graph: Graph, model: Any) -> str:
    return graph.repeated(np.ravel(model.constant_).astype(np.float64))


def _pieces(graph: Graph, model: Any) -> str:
    """Find the piece by counting the knots below; beyond the first and last there is an answer only where it clips."""
    knots, heights = model.X_thresholds_, model.y_thresholds_
    if not 1 < len(knots) <= _MOST_PIECES or knots.dtype != np.float64:
        raise Inexact(f"{len(knots)} knots of {knots.dtype}")
    given = graph("Reshape", graph.matrix(), np.array([-1, 1], dtype=np.int64))
    low, high = np.float64(model.X_min_), np.float64(model.X_max_)
    value = graph("Min", graph("Max", given, low), high)
    below = graph.row_sums(graph.cast(graph("Greater", value, knots[None, 1:-1]), "INT64")) if len(knots) > 2 else None
    place = graph.repeated(np.zeros(1, dtype=np.int64)) if below is None else below
    slopes = np.diff(heights) / np.diff(knots)
    start, height, slope = (graph("Gather", each, place) for each in (knots[:-1], heights[:-1], slopes))
    found = graph("Add", graph("Mul", slope, graph("Sub", value, start)), height)
    if model.out_of_bounds == "clip":
        return found
    if model.out_of_bounds == "raise":
        raise Inexact("rows beyond training that are refused")
    return graph("Where", graph("Equal", value, given), found, np.float64(np.nan))

"""Models that answer with the nearest of some centers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.cluster import AffinityPropagation, Birch, BisectingKMeans, MeanShift
from sklearn.neighbors import NearestCentroid

from model.packing.converters.builder import Graph, convert
from model.trees.tree import Inexact


def register() -> None:
    """Make skl2onnx convert them."""
    for kind in (AffinityPropagation, MeanShift):
        convert(kind, _nearest_center, "labels")
    convert(Birch, _birch, "labels")
    convert(BisectingKMeans, _bisected, "labels")
    convert(NearestCentroid, _centroids, "classes")


def _closeness(graph: Graph, matrix: str, centers: Any) -> str:
    """Return how near each center is: less its squared distance, without what is the same for all of them."""
    return graph.affine(matrix, 2.0 * centers.T, -np.square(centers).sum(axis=1))


def _nearest_center(graph: Graph, model: Any) -> str:
    if not len(model.cluster_centers_):
        raise Inexact("no center was found")
    return graph.best(_closeness(graph, graph.matrix(), model.cluster_centers_))


def _birch(graph: Graph, model: Any) -> str:
    place = graph.best(_closeness(graph, graph.matrix(), model.subcluster_centers_))
    return graph("Gather", model.subcluster_labels_.astype(np.int64), place)


def _bisected(graph: Graph, model: Any) -> str:
    """Decide at every node of the tree at once which side is nearer; a leaf is reached where all its sides agree."""
    mean = getattr(model, "_X_mean", 0.0)
    leaves = list(_leaves(model._bisecting_tree, ()))
    nodes = list({id(node): node for _, path in leaves for node, _ in path}.values())
    if not nodes:
        return graph.repeated(np.int64(leaves[0][0]))
    ways = np.zeros((len(nodes), len(leaves)))
    for column, (_, path) in enumerate(leaves):
        for node, goes_right in path:
            ways[[each is node for each in nodes], column] = 1.0 if goes_right else -1.0
    left, right = (np.array([side.center for side in sides]) + mean for sides in _sides(nodes))
    matrix = graph.matrix()
    nearer = graph("Greater", _closeness(graph, matrix, right), _closeness(graph, matrix, left))
    agreeing = graph.affine(graph.cast(nearer, "DOUBLE"), ways, -(ways > 0).sum(axis=0))
    return graph("Gather", np.array([label for label, _ in leaves], dtype=np.int64), graph.best(agreeing))


def _leaves(node: Any, path: tuple[tuple[Any, bool], ...]) -> Iterator[tuple[int, tuple[tuple[Any, bool], ...]]]:
    """Give each leaf's label, and at which nodes one goes right on the way to it."""
    if node.left is None:
        yield int(node.label), path
    else:
        yield from _leaves(node.left, (*path, (node, False)))
        yield from _leaves(node.right, (*path, (node, True)))


def _sides(nodes: list[Any]) -> tuple[list[Any], list[Any]]:
    return [node.left for node in nodes], [node.right for node in nodes]


def _centroids(graph: Graph, model: Any) -> tuple[str, str]:
    if model.metric != "euclidean":
        raise Inexact(f"NearestCentroid by the distance {model.metric}")
    matrix = graph.matrix()
    spread = np.where(model.within_class_std_dev_ == 0, 1.0, model.within_class_std_dev_)
    centers, logs = model.centroids_ / spread, 2.0 * np.log(model.class_prior_)
    scores = graph.affine(matrix, (2.0 * centers / spread).T, logs - np.square(centers).sum(axis=1))
    alike = np.isclose(model.class_prior_, 1 / len(model.classes_)).all()
    place = graph.best(_closeness(graph, matrix, model.centroids_) if alike else scores)
    return place, graph("Softmax", scores, axis=1)

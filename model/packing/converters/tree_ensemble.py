"""Trees as one ONNX operator in float64, so that sums, ties and thresholds come out as in scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from model.packing.converters.nodes import node
from model.trees.tree import Tree, with_inner_root

TREES, ML = "TreeEnsemble", "ai.onnx.ml"
LESS_OR_EQUAL, MEMBER = 0, 6
SUM, NO_TRANSFORM = 1, 0


def declare_version(graph: onnx.ModelProto) -> None:
    """Say that a graph with our trees is of version 5, which skl2onnx does not let a converter say."""
    if any(each.op_type == TREES for each in graph.graph.node):
        for opset in graph.opset_import:
            if opset.domain == ML:
                opset.version = 5


def ensemble(scope: Any, container: Any, matrix: str, trees: Sequence[Tree], targets: int) -> str:
    """Add the operator that sums these trees, and return the name of its [n, targets] output."""
    nodes: dict[str, list[int]] = {name: [] for name in _NODES}
    modes: list[int] = []
    splits: list[float] = []
    members: list[float] = []
    roots: list[int] = []
    leaf_targets: list[int] = []
    leaf_weights: list[float] = []
    for tree in map(with_inner_root, trees):
        inner, leaves = np.flatnonzero(~tree.leaf), np.flatnonzero(tree.leaf)
        place = np.zeros(len(tree.leaf), dtype=np.int64)
        place[inner] = len(splits) + np.arange(len(inner))
        place[leaves] = len(leaf_targets) + np.arange(len(leaves))
        roots.append(int(place[0]))
        leaf_targets += tree.target[leaves].tolist()
        leaf_weights += tree.value[leaves].tolist()
        splits += tree.threshold[inner].tolist()
        for number in inner.tolist():
            modes.append(MEMBER if number in tree.members else LESS_OR_EQUAL)
            # A set of categories ends where the next NaN stands.
            members += [*tree.members[number], np.nan] if number in tree.members else []
        columns = (
            tree.feature[inner], place[tree.left[inner]], tree.leaf[tree.left[inner]],
            place[tree.right[inner]], tree.leaf[tree.right[inner]], tree.missing_left[inner],
        )  # fmt: skip
        for name, column in zip(_NODES, columns, strict=True):
            nodes[name] += column.astype(int).tolist()
    sets = {"membership_values": numpy_helper.from_array(np.array(members))} if members else {}
    return node(
        scope, container, TREES, [matrix], op_domain=ML, op_version=3, n_targets=targets, aggregate_function=SUM,
        post_transform=NO_TRANSFORM, tree_roots=roots, leaf_targetids=leaf_targets,
        leaf_weights=numpy_helper.from_array(np.array(leaf_weights)),
        nodes_modes=numpy_helper.from_array(np.array(modes, dtype=np.uint8)),
        nodes_splits=numpy_helper.from_array(np.array(splits, dtype=np.float64)), **nodes, **sets,
    )  # fmt: skip


_NODES = (
    "nodes_featureids", "nodes_truenodeids", "nodes_trueleafs", "nodes_falsenodeids", "nodes_falseleafs",
    "nodes_missing_value_tracks_true",
)  # fmt: skip

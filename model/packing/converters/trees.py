"""Trees as one ONNX operator in float64, so that sums, ties and thresholds come out as in scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from skl2onnx.common.data_types import DoubleTensorType

from model.trees.tree import Tree, with_inner_root

TREES, ML = "TreeEnsemble", "ai.onnx.ml"
LESS_OR_EQUAL, MEMBER = 0, 6
SUM, NO_TRANSFORM = 1, 0


def in_float64(scope: Any, container: Any, variable: Any) -> str:
    """Return the name of a matrix in float64."""
    name: str = variable.full_name
    return name if isinstance(variable.type, DoubleTensorType) else cast(scope, container, name, "DOUBLE")


def cast(scope: Any, container: Any, name: str, kind: str) -> str:
    """Add a cast, and return the name of what comes out."""
    to = helper.np_dtype_to_tensor_dtype(np.dtype({"DOUBLE": "float64", "FLOAT": "float32", "INT64": "int64"}[kind]))
    return node(scope, container, "Cast", [name], to=to)


def node(scope: Any, container: Any, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
    """Add an operator with one output, and return that output's name."""
    output: str = scope.get_unique_variable_name(kind.lower())
    if kind == TREES:
        attributes |= {"op_domain": ML, "op_version": 3}
    container.add_node(kind, list(inputs), [output], name=scope.get_unique_operator_name(kind), **attributes)
    return output


def declare_version(graph: onnx.ModelProto) -> None:
    """Say that a graph with our trees is of version 5, which skl2onnx does not let a converter say."""
    if any(each.op_type == TREES for each in graph.graph.node):
        for opset in graph.opset_import:
            if opset.domain == ML:
                opset.version = 5


def constant(scope: Any, container: Any, values: Any) -> str:
    """Add a constant tensor, and return its name."""
    name: str = scope.get_unique_variable_name("constant")
    container.initializers.append(numpy_helper.from_array(np.asarray(values), name))
    return name


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
        scope, container, TREES, [matrix], n_targets=targets, aggregate_function=SUM,
        post_transform=NO_TRANSFORM, tree_roots=roots, leaf_targetids=leaf_targets,
        leaf_weights=numpy_helper.from_array(np.array(leaf_weights)),
        nodes_modes=numpy_helper.from_array(np.array(modes, dtype=np.uint8)),
        nodes_splits=numpy_helper.from_array(np.array(splits, dtype=np.float64)), **nodes, **sets,
    )  # fmt: skip


_NODES = (
    "nodes_featureids", "nodes_truenodeids", "nodes_trueleafs", "nodes_falsenodeids", "nodes_falseleafs",
    "nodes_missing_value_tracks_true",
)  # fmt: skip

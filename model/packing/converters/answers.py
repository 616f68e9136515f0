"""From sums over trees to what a classifier or regressor answers: labels, probabilities, numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from skl2onnx.common.data_types import DoubleTensorType

from model.packing.converters.nodes import cast, constant, node

CLASSIFIER_OPTIONS = {
    "zipmap": [True, False, "columns"],
    "nocl": [True, False],
    "output_class_labels": [False, True],
}
"""What skl2onnx asks of any converter of a classifier."""


def declare_wide_scores(operator: Any) -> None:
    """Declare scores or probabilities in float64 where the rows come in it."""
    if isinstance(operator.inputs[0].type, DoubleTensorType):
        operator.outputs[1].type = DoubleTensorType(operator.outputs[1].type.shape)


def give(scope: Any, container: Any, name: str, output: Any) -> None:
    """Hand a float64 tensor out in the type that the output declares."""
    if not isinstance(output.type, DoubleTensorType):
        name = cast(scope, container, name, "FLOAT")
    container.add_node("Identity", [name], [output.full_name], name=scope.get_unique_operator_name("Identity"))


def give_label(scope: Any, container: Any, place: str, classes: Any, output: Any) -> None:
    """Hand out the classes that stand at these places."""
    known = np.asarray(classes)
    if known.dtype.kind in "iub" and (known == np.arange(len(known))).all():
        container.add_node("Identity", [place], [output.full_name], name=scope.get_unique_operator_name("Identity"))
        return
    labels = known.astype(object) if known.dtype.kind in "UO" else known.astype(np.int64)
    chosen = constant(scope, container, labels)
    container.add_node(
        "Gather", [chosen, place], [output.full_name], axis=0, name=scope.get_unique_operator_name("Gather")
    )


def best(scope: Any, container: Any, scores: str, axis: int = 1) -> str:
    """Return the place of the first highest score of each row, as numpy's argmax does."""
    return node(scope, container, "ArgMax", [scores], axis=axis, keepdims=0)

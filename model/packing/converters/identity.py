"""The sample model that answers with its input."""

from __future__ import annotations

from typing import Any

from skl2onnx import update_registered_converter
from skl2onnx.common.shape_calculator import calculate_linear_regressor_output_shapes

from model.packing.identity import Identity


def register() -> None:
    """Make skl2onnx convert the identity."""
    update_registered_converter(Identity, "ScoreAppIdentity", calculate_linear_regressor_output_shapes, _identity)


def _identity(scope: Any, operator: Any, container: Any) -> None:
    container.add_node(
        "Identity",
        [operator.inputs[0].full_name],
        [operator.outputs[0].full_name],
        name=scope.get_unique_operator_name("Identity"),
    )

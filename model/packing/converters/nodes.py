"""The nodes of a graph, while a converter writes it: operators, casts and constants, by the names of what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import helper, numpy_helper
from skl2onnx.common.data_types import DoubleTensorType


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
    container.add_node(kind, list(inputs), [output], name=scope.get_unique_operator_name(kind), **attributes)
    return output


def constant(scope: Any, container: Any, values: Any) -> str:
    """Add a constant tensor, and return its name."""
    name: str = scope.get_unique_variable_name("constant")
    container.initializers.append(numpy_helper.from_array(np.asarray(values), name))
    return name

"""A short way to write converters: operators as calls, arrays as constants, all in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType, StringTensorType

from model.packing.converters.answers import CLASSIFIER_OPTIONS, give, give_label
from model.packing.converters.nodes import cast, constant, in_float64, node

Answers = Literal["classes", "labels", "numbers", "each"]
"""Places among the classes and probabilities; labels that are whole numbers; numbers; or yes, no and their probability
for each of several targets."""


class Graph:
    """The graph of one operator, while it is written."""

    def __init__(self, scope: Any, operator: Any, container: Any) -> None:
        self._scope, self._container = scope, container
        self.inputs = operator.inputs

    def __call__(self, kind: str, *inputs: Any, **attributes: Any) -> str:
        """Add an operator over tensors and arrays, and return the name of its output."""
        names = [each if isinstance(each, str) else constant(self._scope, self._container, each) for each in inputs]
        return node(self._scope, self._container, kind, names, **attributes)

    def matrix(self, place: int = 0) -> str:
        """Return one of the inputs in float64."""
        return in_float64(self._scope, self._container, self.inputs[place])

    def cast(self, name: str, kind: str) -> str:
        """Return a tensor in another type."""
        return cast(self._scope, self._container, name, kind)

    def affine(self, matrix: str, weights: Any, constants: Any) -> str:
        """Return a matrix times weights and constants more."""
        return self("Add", self("MatMul", matrix, np.asarray(weights, np.float64)), np.asarray(constants, np.float64))

    def row_sums(self, matrix: str) -> str:
        """Return the sum of each row, as a column."""
        return self("ReduceSum", matrix, np.array([1], dtype=np.int64), keepdims=1)

    def best(self, scores: str) -> str:
        """Return the place of the first highest score of each row."""
        return self("ArgMax", scores, axis=1, keepdims=0)

    def repeated(self, row: Any) -> str:
        """Return an array once for each row of the input, whatever that holds."""
        count = self("Gather", self("Shape", self.inputs[0].full_name), np.array([0], dtype=np.int64))
        zero = np.zeros(1, dtype=np.int64)
        return self("Gather", np.asarray(row)[None], self("Expand", zero, count), axis=0)


Write = Callable[[Graph, Any], Any]
"""Writes a model's operators, and returns the names of its answers."""
Parse = Callable[[Any, Any, Any], list[Any]]
"""Gives the tensors that an operator takes, of the rows: the answers of models inside, mostly."""


def convert(
    kind: type, write: Write, answers: Answers, parse: Parse | None = None, several: Callable[[Any], bool] | None = None
) -> None:
    """Make skl2onnx convert models of a kind by these operators; some of them may answer for several targets."""
    alias = f"ScoreApp{kind.__name__}"

    def answers_of(model: Any) -> Answers:
        return "each" if several is not None and several(model) else answers

    def parser(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:  # noqa: ARG001 - its signature
        taken = inputs if parse is None else parse(scope, model, inputs)
        operator = scope.declare_local_operator(alias, model)
        operator.inputs = taken
        if answers_of(model) != "numbers":
            operator.outputs.append(scope.declare_local_variable("label", Int64TensorType()))
        if answers_of(model) != "labels":
            operator.outputs.append(scope.declare_local_variable("numbers", DoubleTensorType()))
        return operator.outputs

    def shape(operator: Any) -> None:
        _SHAPES[answers_of(operator.raw_operator)](operator)

    def converter(scope: Any, operator: Any, container: Any) -> None:
        graph, model = Graph(scope, operator, container), operator.raw_operator
        found = write(graph, model)
        if answers_of(model) == "classes":
            give_label(scope, container, found[0], model.classes_, operator.outputs[0])
            give(scope, container, found[1], operator.outputs[1])
            return
        for name, output in zip((found,) if isinstance(found, str) else found, operator.outputs, strict=True):
            container.add_node("Identity", [name], [output.full_name], name=scope.get_unique_operator_name("Identity"))

    options = CLASSIFIER_OPTIONS if answers in ("classes", "each") else None
    update_registered_converter(kind, alias, shape, converter, parser=parser, options=options)


def yes_or_no(graph: Graph, labels: str, shares: str) -> tuple[str, str]:
    """Return labels of several targets, and for each target the probability of no and of yes."""
    yes = graph("Unsqueeze", graph("Transpose", shares, perm=[1, 0]), np.array([2], dtype=np.int64))
    return labels, graph("Concat", graph("Sub", np.float64(1), yes), yes, axis=2)


def _classes_shape(operator: Any) -> None:
    classes = np.asarray(operator.raw_operator.classes_)
    label = StringTensorType if classes.dtype.kind in "UO" else Int64TensorType
    operator.outputs[0].type = label([None])
    operator.outputs[1].type = DoubleTensorType([None, len(classes)])


def _labels_shape(operator: Any) -> None:
    operator.outputs[0].type = Int64TensorType([None])


def _numbers_shape(operator: Any) -> None:
    operator.outputs[0].type = DoubleTensorType([None, None])


def _each_shape(operator: Any) -> None:
    operator.outputs[0].type = Int64TensorType([None, None])
    operator.outputs[1].type = DoubleTensorType([None, None, 2])


_SHAPES = {"classes": _classes_shape, "labels": _labels_shape, "numbers": _numbers_shape, "each": _each_shape}

"""Filling and encoding columns that may hold strings: exact also for gaps, rare and unknown categories."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from model.packing.converters.nodes import cast, constant, node
from model.schema.signature import MISSING_TEXT
from model.schema.values import is_missing
from model.trees.tree import Inexact


def register() -> None:
    """Make skl2onnx convert imputers and encoders our way."""
    update_registered_converter(SimpleImputer, "ScoreAppImputer", _imputer_shape, _imputer)
    for kind, alias, shape, converter in (
        (OneHotEncoder, "ScoreAppOneHot", _one_hot_shape, _one_hot),
        (OrdinalEncoder, "ScoreAppOrdinal", _ordinal_shape, _ordinal),
    ):
        update_registered_converter(kind, alias, shape, converter, parser=_parser(alias))


def _parser(alias: str) -> Any:
    """Return what declares codes in their own type: without it, skl2onnx takes strings for float32.

    It goes by the first of several columns, so with an encoder before numbers a whole pipeline would be of mixed types.
    """

    def parse(scope: Any, model: Any, inputs: list[Any], custom_parsers: Any = None) -> Any:  # noqa: ARG001 - so it is called
        operator = scope.declare_local_operator(alias, model)
        operator.inputs = inputs
        operator.outputs.append(scope.declare_local_variable("variable", _number_type(operator)()))
        return operator.outputs

    return parse


def _width(operator: Any) -> int:
    return sum(variable.type.shape[1] for variable in operator.inputs)


def _number_type(operator: Any) -> Any:
    """Return float64 where the rows come in float64; strings have no say, so their codes are float64 too."""
    narrow = any(isinstance(variable.type, FloatTensorType) for variable in operator.inputs)
    return FloatTensorType if narrow else DoubleTensorType


def _imputer_shape(operator: Any) -> None:
    kind = type(operator.inputs[0].type)
    operator.outputs[0].type = (DoubleTensorType if kind is Int64TensorType else kind)([None, _width(operator)])


def _one_hot_shape(operator: Any) -> None:
    width = sum(map(len, (_table(operator.raw_operator, i)[0] for i in range(_width(operator)))))
    operator.outputs[0].type = _number_type(operator)([None, width])


def _ordinal_shape(operator: Any) -> None:
    operator.outputs[0].type = _number_type(operator)([None, _width(operator)])


def _joined(scope: Any, operator: Any, container: Any) -> tuple[str, Any]:
    """Return the inputs as one matrix, and its type."""
    first = operator.inputs[0].type
    names = [variable.full_name for variable in operator.inputs]
    return (names[0] if len(names) == 1 else node(scope, container, "Concat", names, axis=1)), first


def _imputer(scope: Any, operator: Any, container: Any) -> None:
    model = operator.raw_operator
    if model.add_indicator or len(model.statistics_) != _width(operator) or _is_gap(model.statistics_).any():
        raise Inexact("a SimpleImputer that adds or drops columns")
    matrix, kind = _joined(scope, operator, container)
    if isinstance(kind, Int64TensorType):
        matrix = cast(scope, container, matrix, "DOUBLE")
    gap = _gap(scope, container, matrix, kind, model.missing_values)
    dtype: Any = {StringTensorType: object, FloatTensorType: np.float32}.get(type(kind), np.float64)
    fill = constant(scope, container, np.array([model.statistics_.tolist()], dtype=dtype))
    container.add_node(
        "Where", [gap, fill, matrix], [operator.outputs[0].full_name], name=scope.get_unique_operator_name("Where")
    )


def _gap(scope: Any, container: Any, matrix: str, kind: Any, missing: Any) -> str:
    """Tell which cells are missing."""
    if isinstance(kind, StringTensorType):
        text = MISSING_TEXT if missing is None or missing != missing else str(missing)  # noqa: PLR0124
        return node(scope, container, "Equal", [matrix, constant(scope, container, np.array([text], dtype=object))])
    if missing != missing:  # noqa: PLR0124 - only NaN differs from itself
        return node(scope, container, "IsNaN", [matrix])
    dtype = np.float32 if isinstance(kind, FloatTensorType) else np.float64
    return node(scope, container, "Equal", [matrix, constant(scope, container, np.array([missing], dtype=dtype))])


def _one_hot(scope: Any, operator: Any, container: Any) -> None:
    _encode(scope, operator, container, _table)


def _ordinal(scope: Any, operator: Any, container: Any) -> None:
    _encode(scope, operator, container, _ordinal_table)


def _encode(scope: Any, operator: Any, container: Any, table: Any) -> None:
    """Look each column's cells up among its categories, and add up what the found one, or none, is encoded as."""
    matrix, kind = _joined(scope, operator, container)
    wide = _number_type(operator) is DoubleTensorType
    dtype = np.float64 if wide else np.float32
    parts = []
    for place, categories in enumerate(operator.raw_operator.categories_):
        column = node(scope, container, "Gather", [matrix, constant(scope, container, np.array([place]))], axis=1)
        found = _found(scope, container, column, kind, categories)
        onehot = cast(scope, container, found, "DOUBLE" if wide else "FLOAT")
        unknown, codes = table(operator.raw_operator, place)
        # Relative to what an unknown category gets, so that finding none adds nothing to that.
        rows = node(scope, container, "MatMul", [onehot, constant(scope, container, (codes - unknown).astype(dtype))])
        parts.append(node(scope, container, "Add", [rows, constant(scope, container, unknown.astype(dtype))]))
    container.add_node(
        "Concat", parts, [operator.outputs[0].full_name], axis=1, name=scope.get_unique_operator_name("Concat")
    )


def _found(scope: Any, container: Any, column: str, kind: Any, categories: NDArray[Any]) -> str:
    """Compare a column with each category; a missing value may be one of them."""
    if isinstance(kind, StringTensorType):
        texts = [MISSING_TEXT if gap else str(text) for text, gap in zip(categories, _is_gap(categories), strict=True)]
        return node(scope, container, "Equal", [column, constant(scope, container, np.array([texts], dtype=object))])
    dtype = helper.tensor_dtype_to_np_dtype(kind._get_element_onnx_type())
    known = constant(scope, container, np.array([categories]).astype(dtype))
    equal = node(scope, container, "Equal", [column, known])
    if not _is_gap(categories).any():
        return equal
    gap = node(scope, container, "IsNaN", [column])
    where = constant(scope, container, _is_gap(categories)[None, :])
    return node(scope, container, "Or", [equal, node(scope, container, "And", [gap, where])])


def _is_gap(values: Any) -> NDArray[np.bool_]:
    return np.array(list(map(is_missing, np.asarray(values).tolist())), dtype=bool)


def _table(model: Any, place: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what the encoder makes of a category it does not know, and of each that it knows, by asking it."""
    several = model.categories_
    row = np.array([[values[0] for values in several]], dtype=object)
    start = sum(len(model._compute_transformed_categories(i)) for i in range(place))
    width = len(model._compute_transformed_categories(place))
    asked = np.repeat(row, len(several[place]), axis=0)
    asked[:, place] = several[place]
    codes = _dense(model.transform(asked))[:, start : start + width]
    unknown = np.zeros(width)
    if model.handle_unknown in ("infrequent_if_exist", "warn") and getattr(model, "infrequent_categories_", None):
        rare = model.infrequent_categories_[place]
        if rare is not None:
            unknown = codes[list(several[place]).index(rare[0])]
    return unknown, codes


def _dense(answer: Any) -> NDArray[np.float64]:
    dense: NDArray[np.float64] = np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer, dtype=float)
    return dense


def _ordinal_table(model: Any, place: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    several = model.categories_
    asked = np.repeat(np.array([[values[0] for values in several]], dtype=object), len(several[place]), axis=0)
    asked[:, place] = several[place]
    codes = np.asarray(model.transform(asked), dtype=float)[:, place : place + 1]
    unknown = np.array([0.0 if model.unknown_value is None else float(model.unknown_value)])
    if np.isnan(codes).any() or np.isnan(unknown).any():
        raise Inexact("an OrdinalEncoder that encodes something as NaN")
    return unknown, codes

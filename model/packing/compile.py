"""Compile an estimator to ONNX, and prove that the copy answers as the estimator does.

scikit-learn's own precision is tried first, float64, then float32. What the proof does not pass is not shipped:
scikit-learn then serves the bundle, and the manifest has the reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import Any

import msgspec
import onnx
import skl2onnx
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType
from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_selection import RFE, RFECV
from sklearn.pipeline import Pipeline

from model.bundle.manifest import Parity
from model.packing.converters import register
from model.packing.converters.boosting import require_numbers
from model.packing.converters.libraries import ZERO_IS_MISSING
from model.packing.converters.sparse import fed_sparsely
from model.packing.converters.tree_ensemble import declare_version
from model.packing.known_code import looks_at_other_rows, own_code
from model.packing.origins import Origins
from model.proof.compare import ReferenceRows, Refused
from model.proof.forms import copy_answers
from model.runtime.base import BATCH_ROWS
from model.runtime.estimator import Estimator, parts
from model.runtime.onnx import PREDICT, PROBA, ROWS_AT_ONCE
from model.schema.input_form import Input
from model.schema.signature import Signature
from model.trees.tree import Inexact

_MOST_CELLS = 2**21
OPSET = {"": 22, "ai.onnx.ml": 3}


@dataclass(frozen=True)
class Compiled:
    """A compiled copy that passed its proof."""

    content: bytes
    form: Input
    parity: Parity


def compile_and_prove(rows: ReferenceRows) -> Compiled:
    """Return a compiled copy that answers like the estimator on these rows, or raise Refused."""
    model = rows.model
    _require_known(model)
    reasons: dict[str, None] = {}
    for dtype, by_name in product(("float64", "float32"), _inputs(model)):
        try:
            content = _convert(model.estimator, model.signature, dtype, by_name=by_name)
            form = Input("matrix" if model.signature.numeric else "columns", dtype)
            parity, limit = rows.verdict(copy_answers(content, model.signature, form, rows.rows))
        except Refused as reason:
            reasons[f"{reason} in {dtype}" if "differ" in str(reason) else str(reason)] = None
            continue
        except Exception as error:  # noqa: BLE001 - converters and kernels raise all kinds; none may stop the packing
            reasons[_one_line(error)] = None
            continue
        if parity.passed:
            return Compiled(content, msgspec.structs.replace(form, limit=limit), parity)
        reasons[f"numbers differ by up to {parity.largest_error:.1g} in {dtype}"] = None
    raise Refused("; ".join(reasons))


def _require_known(model: Estimator) -> None:
    """Refuse what a copy could only guess: own code, types that ONNX has not, and refusals that cannot be derived."""
    if own := own_code(model.estimator):
        raise Refused(f"own code: {', '.join(own[:5])}")
    if looks_at_other_rows(model.estimator):
        raise Refused("a row's answer depends on the other rows of a call")
    for part in parts(model.estimator):
        if isinstance(part, HistGradientBoostingClassifier | HistGradientBoostingRegressor):
            try:
                require_numbers(part)
            except Inexact as reason:
                raise Refused(str(reason)) from None
    for feature in model.signature.features:
        if feature.type == "date" or feature.exact:
            kind = "a date" if feature.type == "date" else "a whole number beyond 2^53"
            raise Refused(f"{feature.name} is {kind}")
    if Origins(model.estimator, model.signature.names).refuses_computed:
        raise Refused("an encoder refuses unknown values of computed columns")


def _inputs(model: Estimator) -> tuple[bool, ...]:
    """Tell whether to compile over one matrix, or over columns by name as a pipeline that picks columns needs it."""
    if not model.signature.numeric:
        return (True,)
    return (False, True) if any(hasattr(part, "transformers_") for part in parts(model.estimator)) else (False,)


def _convert(estimator: Any, signature: Signature, dtype: str, *, by_name: bool) -> bytes:
    register()
    estimator = _heart(estimator)
    number = FloatTensorType if dtype == "float32" else DoubleTensorType
    inputs = (
        [(f.name, (StringTensorType if f.type == "string" else number)([None, 1])) for f in signature.features]
        if by_name
        else [("X", number([None, len(signature.features)]))]
    )
    common = {"zipmap": False} if signature.task == "classification" else {}
    # skl2onnx takes options for all models, or for single ones.
    single = {id(part): {**common, ZERO_IS_MISSING: True} for part in fed_sparsely(estimator)}
    options: dict[Any, Any] = {id(estimator): common, **single} if single else common
    try:
        graph = skl2onnx.to_onnx(estimator, initial_types=inputs, options=options, target_opset=OPSET, name="score-app")
    except (MissingShapeCalculator, MissingConverter) as error:
        raise Refused(f"no ONNX converter for {_culprit(error)}") from None
    declare_version(graph)
    # skl2onnx keeps them in a set, whose order differs from process to process, and with it the bundle's version.
    ordered = sorted(graph.opset_import, key=lambda opset: opset.domain)
    del graph.opset_import[:]
    graph.opset_import.extend(ordered)
    _name_outputs(graph, 2 if signature.proba else 1)
    if by_name and signature.numeric:
        _take_one_matrix(graph, signature.names)
    _limit_rows(graph)
    content: bytes = graph.SerializeToString()
    return content


def _heart(estimator: Any) -> Any:
    """Return what answers inside an estimator that only chose it, as a search or self-training does."""
    for name in ("best_estimator_", "estimator_"):
        inner = vars(estimator).get(name)
        if inner is not None and (name == "best_estimator_" or type(estimator).__name__ == "SelfTrainingClassifier"):
            return _heart(inner)
    if type(estimator) in (RFE, RFECV):
        # skl2onnx takes them for steps, and their answers for the columns that they keep.
        return Pipeline([("columns", estimator), ("model", estimator.estimator_)])
    return estimator


def _name_outputs(graph: onnx.ModelProto, keep: int) -> None:
    """Give the outputs our names, and drop those that nobody asks for."""
    outputs = graph.graph.output
    names = {output.name: name for output, name in zip(outputs, (PREDICT, PROBA), strict=False)}
    for node in graph.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for output in outputs:
        output.name = names.get(output.name, output.name)
    del outputs[keep:]


def _limit_rows(graph: onnx.ModelProto) -> None:
    """Say how many rows to ask at once if constants are wide: a kernel holds a number for each row and each of them."""
    widest = max((size for each in graph.graph.initializer if len(each.dims) > 1 for size in each.dims), default=1)
    if (rows := max(1, _MOST_CELLS // widest)) < BATCH_ROWS:
        graph.metadata_props.add(key=ROWS_AT_ONCE, value=str(rows))


def _take_one_matrix(graph: onnx.ModelProto, names: tuple[str, ...]) -> None:
    """Replace one input a column by one matrix: it is read, checked and handed over faster."""
    kind = graph.graph.input[0].type.tensor_type.elem_type
    del graph.graph.input[:]
    graph.graph.input.append(onnx.helper.make_tensor_value_info("X", kind, [None, len(names)]))
    graph.graph.node.insert(0, onnx.helper.make_node("Split", ["X"], list(names), axis=1, num_outputs=len(names)))


def _culprit(error: Exception) -> str:
    """Pick the class out of the converter's essay about what it has no converter for."""
    names = re.findall(r"([A-Za-z]\w*)'>", str(error))
    return names[0] if names else _one_line(error)


# What ONNX Runtime and skl2onnx wrap their sentences in: codes, and places in their own sources.
_WRAPPING = re.compile(r"\[ONNXRuntimeError\] : \d+ : \w+ : |/\S+:\d+ |https?://\S+|0x[0-9a-f]+")


def _one_line(error: Exception) -> str:
    text = " ".join(_WRAPPING.sub("", " ".join(str(error).split())).split())
    return text if len(text) <= 140 else f"{text[:140].rsplit(' ', 1)[0]} …" if text else type(error).__name__

"""What a model gives in the Open Inference Protocol: the declaration of each output, and its tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from api.errors import ApiError
from api.inference.answers import labels_of
from api.protocols.open_inference.tensors import DTYPES, Tensor, datatype, malformed
from model.runtime.base import Model
from model.schema.rows import Table
from model.schema.signature import Signature

DEFAULT_OUTPUT = "predict"
_DATATYPES = {bool: "BOOL", int: "INT64", float: "FP64", str: "BYTES"}


class RequestedOutput(msgspec.Struct, frozen=True):
    """One output that the caller wants."""

    name: str = DEFAULT_OUTPUT
    parameters: dict[str, Any] = {}


def declare_outputs(model: Model) -> list[dict[str, Any]]:
    """Return the declarations of a model's outputs, as its metadata shows them."""
    targets = model.signature.targets
    shape = [-1] if len(targets) == 1 else [-1, len(targets)]
    outputs: list[dict[str, Any]] = [{"name": "predict", "datatype": prediction_datatype(model), "shape": shape}]
    if _fit_one_tensor(model.signature):
        classes = len(targets[0].classes or ())
        outputs.append({"name": "predict_proba", "datatype": "FP64", "shape": [*shape, classes]})
    if targets[0].classes is not None:
        outputs.append({"name": "labels", "datatype": "BYTES", "shape": shape})
    return outputs


def prediction_datatype(model: Model) -> str:
    """Return the datatype of a model's predictions."""
    types = {type(label) for target in model.signature.targets for label in target.classes or (0.0,)}
    return _DATATYPES[types.pop()] if len(types) == 1 else "BYTES"


def _fit_one_tensor(signature: Signature) -> bool:
    """Return whether the probabilities of all targets fit one tensor."""
    return signature.proba and len({len(target.classes or ()) for target in signature.targets}) == 1


def compute_output(model: Model, output: RequestedOutput, table: Table, predictions: Tensor) -> Tensor:
    """Return the tensor of one requested output."""
    compute = OUTPUTS.get(output.name)
    if compute is None:
        text = f"Unexpected inference output '{output.name[:80]}' for model '{model.name}'; it has {', '.join(OUTPUTS)}"
        raise malformed(text)
    if "classification" in output.parameters:
        return _best_classes(model, output.parameters["classification"], table, predictions)
    return compute(model, table, predictions)


def describe(name: str, tensor: Tensor) -> dict[str, Any]:
    """Return what stands before the data of an output."""
    return {"name": name, "shape": list(tensor.shape), "datatype": datatype(tensor)}


def _predictions(model: Model, _: Table, predictions: Tensor) -> Tensor:
    # Without rows there are no predictions, but the datatype is the same.
    return predictions.astype(DTYPES[prediction_datatype(model)], copy=False)


def _probabilities(model: Model, table: Table, _: Tensor) -> Tensor:
    if not _fit_one_tensor(model.signature):
        why = "gives no probabilities" if not model.signature.proba else "has targets that differ in number of classes"
        raise ApiError(400, "no_probabilities", f"the model {model.name} {why}")
    tables = model.predict_proba(table)
    return np.asarray(tables[0] if len(tables) == 1 else np.stack(tables, axis=1), dtype=np.float64)


def _labels(model: Model, _: Table, predictions: Tensor) -> Tensor:
    return np.array(labels_of(model, predictions.tolist()), dtype=object)


OUTPUTS: dict[str, Callable[[Model, Table, Tensor], Tensor]] = {
    "predict": _predictions,
    "output-0": _predictions,
    "predict_proba": _probabilities,
    "labels": _labels,
}


def _best_classes(model: Model, number: Any, table: Table, predictions: Tensor) -> Tensor:
    """Return the most probable classes of each row, each as value:index:label."""
    if type(number) is not int or number < 1:
        raise malformed("classification must be a number of classes, at least 1")
    proba = _probabilities(model, table, predictions)
    if proba.ndim != 2:
        raise malformed("classification is for models of one target")
    target = model.signature.targets[0]
    names = target.titles or [str(label) for label in target.classes or ()]
    order = np.argsort(-proba, axis=1, kind="stable")[:, :number]
    lines = [[f"{row[i]:.6f}:{i}:{names[i]}" for i in best] for row, best in zip(proba, order.tolist(), strict=True)]
    return np.array(lines, dtype=object).reshape(len(proba), min(number, len(names)))

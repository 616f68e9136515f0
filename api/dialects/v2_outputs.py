"""What a model gives in the Open Inference Protocol: each output's declared form, and its tensor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from api.dialects.v2_tensors import DTYPES, Tensor, bad
from api.errors import ApiError
from api.scoring import titled
from model.runtime.load import Model
from model.schema.rows import Table
from model.schema.signature import Signature

DEFAULT_OUTPUT = "predict"
_KINDS = {bool: "BOOL", int: "INT64", float: "FP64", str: "BYTES"}


@dataclass(frozen=True)
class Asked:
    """One output that the caller wants."""

    name: str = DEFAULT_OUTPUT
    parameters: dict[str, Any] = field(default_factory=dict)


def declared(model: Model) -> list[dict[str, Any]]:
    """Describe a model's outputs, as its metadata shows them."""
    targets = model.signature.targets
    shape = [-1] if len(targets) == 1 else [-1, len(targets)]
    outputs: list[dict[str, Any]] = [{"name": "predict", "datatype": datatype_of(model), "shape": shape}]
    if _even(model.signature):
        classes = len(targets[0].classes or ())
        outputs.append({"name": "predict_proba", "datatype": "FP64", "shape": [*shape, classes]})
    if targets[0].classes is not None:
        outputs.append({"name": "labels", "datatype": "BYTES", "shape": shape})
    return outputs


def datatype_of(model: Model) -> str:
    """Return the type of a model's predictions."""
    kinds = {type(label) for target in model.signature.targets for label in target.classes or (0.0,)}
    return _KINDS[kinds.pop()] if len(kinds) == 1 else "BYTES"


def _even(signature: Signature) -> bool:
    """Tell whether the probabilities of all targets fit one tensor."""
    return signature.proba and len({len(target.classes or ()) for target in signature.targets}) == 1


def produced(model: Model, asked: Asked, table: Table, answer: Tensor) -> Tensor:
    """Return the tensor that the caller asked for."""
    if "classification" in asked.parameters:
        return _best(model, asked.parameters["classification"], table, answer)
    try:
        produce = OUTPUTS[asked.name]
    except KeyError:
        known = ", ".join(OUTPUTS)
        raise bad(f"Unexpected inference output '{asked.name[:80]}' for model '{model.name}'; it has {known}") from None
    return produce(model, table, answer)


def _predict(model: Model, _: Table, answer: Tensor) -> Tensor:
    # No rows get no answers, but of the type that any would have.
    return answer.astype(DTYPES[datatype_of(model)], copy=False)


def _proba(model: Model, table: Table, _: Tensor) -> Tensor:
    if not _even(model.signature):
        why = "gives no probabilities" if not model.signature.proba else "has targets that differ in number of classes"
        raise ApiError(400, "no_probabilities", f"the model {model.name} {why}")
    tables = model.predict_proba(table)
    return np.asarray(tables[0] if len(tables) == 1 else np.stack(tables, axis=1), dtype=np.float64)


def _labels(model: Model, _: Table, answer: Tensor) -> Tensor:
    return np.array(titled(model, answer.tolist()), dtype=object)


OUTPUTS: dict[str, Callable[[Model, Table, Tensor], Tensor]] = {
    "predict": _predict,
    "output-0": _predict,
    "predict_proba": _proba,
    "labels": _labels,
}


def _best(model: Model, most: Any, table: Table, answer: Tensor) -> Tensor:
    """Return the best classes of each row, each as value:index:label."""
    if type(most) is not int or most < 1:
        raise bad("classification must be a number of classes, at least 1")
    proba = _proba(model, table, answer)
    if proba.ndim != 2:
        raise bad("classification is for models of one target")
    target = model.signature.targets[0]
    names = target.titles or [str(label) for label in target.classes or ()]
    places = np.argsort(-proba, axis=1, kind="stable")[:, :most]
    lines = [[f"{row[i]:.6f}:{i}:{names[i]}" for i in best] for row, best in zip(proba, places.tolist(), strict=True)]
    return np.array(lines, dtype=object).reshape(len(proba), min(most, len(names)))

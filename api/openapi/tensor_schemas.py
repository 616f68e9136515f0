"""Schemas and examples of the Open Inference Protocol's tensors for a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from api.openapi.examples import example
from api.openapi.operation_parts import content, obj
from api.openapi.schemas import Json, has_labels
from api.protocols.open_inference.decoding import BINARY
from api.protocols.open_inference.metadata import input_datatype
from api.protocols.open_inference.outputs import (
    DEFAULT_OUTPUT,
    OUTPUTS,
    RequestedOutput,
    compute_output,
    describe,
)
from api.protocols.open_inference.tensors import DTYPES
from model.runtime.base import Model
from model.schema.signature import Feature

_SHAPE = {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 0}}
_PARAMETERS = {"type": ["object", "null"]}


def outputs(model: Model) -> list[str]:
    """Name the outputs that this model has."""
    without = set() if model.signature.proba else {"predict_proba"}
    without |= set() if has_labels(model) else {"labels"}
    return [name for name in OUTPUTS if name not in without]


def tensor(name: Json) -> Json:
    """Return the schema of a tensor with such a name."""
    fixed = obj({"name": name, "shape": _SHAPE, "datatype": {"enum": list(DTYPES)}})
    data = {"type": "array", "description": "Flat, or nested as the shape says."}
    return {**fixed, "properties": {**fixed["properties"], "parameters": _PARAMETERS, "data": data}}


def body(model: Model) -> Json:
    """Return the body of infer."""
    names = ", ".join(model.signature.names)
    text = f"Any other name for a tensor of the full width; else one of {names}."
    inputs = {"type": "array", "minItems": 1, "items": tensor({"type": "string", "description": text})}
    wanted = obj({"name": {"enum": outputs(model)}})
    wanted["properties"]["parameters"] = _PARAMETERS
    schema = obj({"inputs": inputs})
    schema["properties"] |= {
        "outputs": {
            "type": ["array", "null"],
            "items": wanted,
            "description": "Each at most once; the default is predict.",
        },
        "id": {"type": ["string", "null"], "description": "Repeated in the answer; generated if left out."},
        "parameters": _PARAMETERS,
    }
    return {**content(schema, _examples(model)), BINARY: {"schema": {"description": "JSON, then bytes."}}}


def _examples(model: Model) -> Json:
    shown = example(model)
    columns = [_column(*pair) for pair in zip(model.signature.features, shown.row, strict=True)]
    found: Json = {"a tensor for each feature": {"inputs": columns}}
    if model.signature.numeric:
        wide = {"name": "X", "shape": [1, len(shown.row)], "datatype": "FP64", "data": list(map(float, shown.row))}
        found = {"one tensor": {"inputs": [wide]}, **found}
    wanted = [{"name": name} for name in outputs(model) if name != "output-0"]
    if len(wanted) > 1:
        found["every output"] = {"inputs": columns, "outputs": wanted}
    return found


def _column(feature: Feature, cell: Any) -> Json:
    kind = "BOOL" if isinstance(cell, bool) else input_datatype(feature)
    return {"name": feature.name, "shape": [1, 1], "datatype": kind, "data": [cell]}


def answers(model: Model) -> Json:
    """Return the answer of infer."""
    text = {"type": "string"}
    given = {"type": "array", "items": tensor({"enum": outputs(model)})}
    schema = obj({"model_name": {"const": model.name}, "model_version": text, "id": text, "outputs": given})
    prediction = np.array([example(model).prediction], dtype=object)
    found = compute_output(model, RequestedOutput(), {}, prediction)
    shown = {**describe(DEFAULT_OUTPUT, found), "data": found.ravel().tolist()}
    envelope = {"model_name": model.name, "model_version": model.version, "id": "1"}
    return content(schema, {"one row": {**envelope, "outputs": [shown]}})

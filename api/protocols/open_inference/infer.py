"""Inference in the Open Inference Protocol: tensors in, the requested outputs as tensors out."""

from __future__ import annotations

from typing import Any

from api.inference.answers import Answers, count_rows
from api.inference.models import Models
from api.protocols.json_codec import encode_json
from api.protocols.message import Response
from api.protocols.open_inference.decoding import BINARY, LENGTH_HEADER, InferQuestion
from api.protocols.open_inference.outputs import RequestedOutput, compute_output, describe, prediction_datatype
from api.protocols.open_inference.tensors import Tensor, to_bytes
from model.runtime.base import Model

_PYTHON_TYPES: dict[str, Any] = {"FP64": float, "INT64": int, "BOOL": bool, "BYTES": str}
_datatypes: dict[str, str] = {}
"""The datatype of each model's predictions by version, which is a digest of its content."""


class TensorAnswers(Answers, kw_only=True):
    """A model's answers, with the tensors of the requested outputs; none if the compact form answered."""

    outputs: tuple[tuple[RequestedOutput, Tensor], ...] = ()


def predict(models: Models, model: Model, question: InferQuestion) -> TensorAnswers:
    """Answer a question, and compute its outputs."""
    if question.compact:
        answer = models.predict_row(model, question.rows)
        if answer is not None:
            return TensorAnswers([answer])
    table = models.read(model, question.rows, question.names)
    array = models.predict(model, table)
    outputs = tuple((each, compute_output(model, each, table, array)) for each in question.outputs)
    plain = (tensor for each, tensor in outputs if each.name == "predict_proba" and tensor.dtype.kind == "f")
    probabilities: Any = next(plain, None)
    return TensorAnswers([], probabilities, array=array, outputs=outputs)


def values(model: Model, question: InferQuestion) -> int:
    """Return how many values the requested outputs have."""
    if question.compact:
        return 1
    targets = model.signature.targets
    narrow, wide = len(targets), sum(len(target.classes or ()) for target in targets)
    widths = [
        wide if each.name == "predict_proba" or "classification" in each.parameters else narrow
        for each in question.outputs
    ]
    return count_rows(question.rows) * sum(widths)


def encode(model: Model, question: InferQuestion, answers: TensorAnswers) -> Response:
    """Return the outputs, as JSON or as bytes after it."""
    envelope = {"model_name": model.name, "model_version": model.version, "id": question.id}
    if answers.array is None:
        return _encode_single(model, envelope, answers.predictions[0])
    described: list[dict[str, Any]] = []
    raw: list[bytes] = []
    for output, tensor in answers.outputs:
        shown = describe(output.name, tensor)
        if output.parameters.get("binary_data", question.binary) is True:
            raw.append(to_bytes(tensor))
            shown["parameters"] = {"binary_data_size": len(raw[-1])}
        else:
            shown["data"] = tensor.ravel().tolist()
        described.append(shown)
    header, rows = encode_json({**envelope, "outputs": described}), len(answers.array)
    if not raw:
        return Response(header, rows=rows)
    headers = ((LENGTH_HEADER, str(len(header))),)
    return Response(b"".join([header, *raw]), content_type=BINARY, headers=headers, rows=rows)


def _encode_single(model: Model, envelope: dict[str, Any], prediction: Any) -> Response:
    """Return one prediction without going through a tensor."""
    name = _datatypes.get(model.version) or _datatypes.setdefault(model.version, prediction_datatype(model))
    output = {"name": "predict", "shape": [1], "datatype": name, "data": [_PYTHON_TYPES[name](prediction)]}
    return Response(encode_json({**envelope, "outputs": [output]}), rows=1)

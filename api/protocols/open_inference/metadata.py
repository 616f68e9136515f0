"""The Open Inference Protocol around inference: health, metadata, repository."""

from __future__ import annotations

from typing import Any

from api.errors import ApiError
from api.inference.models import Models
from api.protocols.json_codec import decode_json, encode_json
from api.protocols.message import Request, Response
from api.protocols.open_inference.outputs import declare_outputs
from model.runtime.base import Model
from model.schema.signature import Feature

EXTENSIONS = ("binary_tensor_data", "classification", "model_repository")
_DATATYPES = {"number": "FP64", "integer": "FP64", "boolean": "FP64", "string": "BYTES", "date": "BYTES"}


def server_metadata(models: Models, _: Request) -> Response:
    """Return the server's name, version and protocol extensions."""
    return Response(encode_json({"name": "score-app", "version": models.default.version, "extensions": EXTENSIONS}))


def server_live(_: Models, __: Request) -> Response:
    """Answer that the server is live."""
    return Response(encode_json({"live": True}))


def server_ready(models: Models, _: Request) -> Response:
    """Answer that every model is ready."""
    models.require_ready()
    return Response(encode_json({"ready": True}))


def list_models(models: Models, _: Request) -> Response:
    """Return the names of the models."""
    return Response(encode_json({"models": list(models.by_name)}))


def model_ready(models: Models, _: Request, name: str, version: str | None = None) -> Response:
    """Answer that a model is ready."""
    models.require_ready()
    return Response(encode_json({"name": models.version(name, version).name, "ready": True}))


def model_metadata(models: Models, _: Request, name: str, version: str | None = None) -> Response:
    """Return the declarations of a model's tensors."""
    model = models.version(name, version)
    platform = "onnx_onnxv1" if model.manifest.runtime == "onnx" else "sklearn_joblib"
    shown = {"name": model.name, "versions": [model.version], "platform": platform}
    return Response(encode_json({**shown, "inputs": _declare_inputs(model), "outputs": declare_outputs(model)}))


def _declare_inputs(model: Model) -> list[dict[str, Any]]:
    features = model.signature.features
    if model.signature.numeric:
        return [{"name": "X", "datatype": "FP64", "shape": [-1, len(features)]}]
    return [{"name": each.name, "datatype": input_datatype(each), "shape": [-1, 1]} for each in features]


def input_datatype(feature: Feature) -> str:
    """Return the datatype of a tensor for one feature."""
    return "INT64" if feature.exact else _DATATYPES[feature.type]


def repository_index(models: Models, request: Request) -> Response:
    """Return the served models; a pod has no others."""
    if request.body:
        decode_json(request.body)
    found = [{"name": m.name, "version": m.version, "state": "READY", "reason": ""} for m in models.by_name.values()]
    return Response(encode_json(found))


def refuse_loading(models: Models, _: Request, name: str) -> Response:
    """Refuse to load or unload a model."""
    models.get(name)
    raise ApiError(501, "baked_in", "models are part of the image: deploy another image to serve others")

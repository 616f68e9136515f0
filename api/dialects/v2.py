"""The Open Inference Protocol around inference: health, metadata, repository."""

from __future__ import annotations

from typing import Any

from api.codec import decode, encode
from api.dialects import Reply, Request
from api.dialects.v2_outputs import declared
from api.errors import ApiError
from api.scoring import Models
from model.runtime.load import Model

EXTENSIONS = ("binary_tensor_data", "classification", "model_repository")
_TENSORS = {"number": "FP64", "integer": "FP64", "boolean": "FP64", "string": "BYTES"}


def server(models: Models, _: Request) -> Reply:
    """Tell who this is, and what it can beyond the protocol."""
    return Reply(encode({"name": "score-app", "version": models.default.version, "extensions": EXTENSIONS}))


def live(_: Models, __: Request) -> Reply:
    """Tell that the server lives."""
    return Reply(encode({"live": True}))


def ready(models: Models, _: Request) -> Reply:
    """Tell that every model is ready."""
    models.require_ready()
    return Reply(encode({"ready": True}))


def models_list(models: Models, _: Request) -> Reply:
    """Name the models."""
    return Reply(encode({"models": list(models.by_name)}))


def model_ready(models: Models, _: Request, name: str, version: str | None = None) -> Reply:
    """Tell that a model is ready."""
    models.require_ready()
    return Reply(encode({"name": models.version(name, version).name, "ready": True}))


def metadata(models: Models, _: Request, name: str, version: str | None = None) -> Reply:
    """Describe a model's tensors."""
    model = models.version(name, version)
    platform = "onnx_onnxv1" if model.manifest.runtime == "onnx" else "sklearn_joblib"
    shown = {"name": model.name, "versions": [model.version], "platform": platform}
    return Reply(encode({**shown, "inputs": _inputs(model), "outputs": declared(model)}))


def _inputs(model: Model) -> list[dict[str, Any]]:
    features = model.signature.features
    if model.signature.numeric:
        return [{"name": "X", "datatype": "FP64", "shape": [-1, len(features)]}]
    return [{"name": each.name, "datatype": _TENSORS[each.type], "shape": [-1, 1]} for each in features]


def repository_index(models: Models, request: Request) -> Reply:
    """List the bundles that are served; there are no others in a pod."""
    if request.body:
        decode(request.body)
    found = [{"name": m.name, "version": m.version, "state": "READY", "reason": ""} for m in models.by_name.values()]
    return Reply(encode(found))


def not_here(models: Models, _: Request, name: str) -> Reply:
    """Say why models are neither loaded nor unloaded."""
    models.get(name)
    raise ApiError(501, "baked_in", "models are baked into the image: deploy another image to serve others")


def error(failure: ApiError, _: str) -> dict[str, Any]:
    """Return the protocol's shape of an error."""
    return {"error": failure.message}

"""Converters to ONNX where skl2onnx has none, or one that does not answer exactly as scikit-learn does."""

from __future__ import annotations

from functools import cache

from model.packing.converters import (
    boosting,
    centers,
    encoders,
    ensembles,
    forests,
    gaussian,
    identity,
    kernels,
    libraries,
    linear,
    networks,
    simple,
    wrapped,
)

_OURS = (
    boosting,
    centers,
    encoders,
    ensembles,
    forests,
    gaussian,
    identity,
    kernels,
    linear,
    networks,
    simple,
    wrapped,
)


def register() -> None:
    """Teach skl2onnx all of them, those of a library once it is loaded."""
    _register_ours()
    libraries.register()


@cache
def _register_ours() -> None:
    for module in _OURS:
        module.register()

"""Converters to ONNX where skl2onnx has none, or one that does not answer exactly as scikit-learn does."""

from __future__ import annotations

from functools import cache

from model.packing.converters import boosting, encoders, ensembles, forests, identity, linear


@cache
def register() -> None:
    """Teach skl2onnx all of them, once."""
    for module in (boosting, encoders, ensembles, forests, identity, linear):
        module.register()

"""Load a bundle: the compiled copy where one was proven equal, else scikit-learn itself, and the compact form.

A bundle with a copy, or with a compact form that gives every answer, imports neither scikit-learn nor pandas. Every
kind of model is safe to share between threads.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import msgspec

from model.bundle.files import COMPACT, ONNX, REQUIREMENTS, Bundle, BundleError
from model.bundle.manifest import Manifest
from model.runtime.base import Model, loading
from model.runtime.beside import BesideModel, is_installed
from model.runtime.compact.answer import answerer
from model.runtime.compact.form import Form, Sum
from model.runtime.compact_model import CompactModel
from model.runtime.estimator import forget_names
from model.runtime.onnx import OnnxModel
from model.runtime.open_estimator import open_estimator
from model.runtime.scikit_learn import SklearnModel
from model.trees.read import LIBRARIES


def load(bundle: Bundle, threads: int = 1) -> Model:
    """Return the model of a bundle whose digests were checked, or raise a BundleError."""
    manifest = bundle.manifest
    check_versions(manifest)
    with loading(manifest.name):
        return _load(bundle, threads)


def _load(bundle: Bundle, threads: int) -> Model:
    manifest, files = bundle.manifest, bundle.files
    model: Model
    if manifest.runtime == "compact":
        return CompactModel(manifest, msgspec.json.decode(files[COMPACT], type=Sum))
    if manifest.runtime == "onnx":
        model = OnnxModel(manifest, files[ONNX], threads)
        if manifest.beside and is_installed(manifest):
            model = BesideModel(manifest, model, _by_scikit_learn(bundle))
    else:
        model = _by_scikit_learn(bundle)
    if COMPACT in files:
        model.answer_row = answerer(msgspec.json.decode(files[COMPACT], type=Form), manifest.signature)
    return model


def _by_scikit_learn(bundle: Bundle) -> SklearnModel:
    estimator = open_estimator(bundle)
    if bundle.manifest.input.kind == "matrix":
        forget_names(estimator)
    return SklearnModel(bundle.manifest, estimator)


def check_versions(manifest: Manifest) -> None:
    """Compare the libraries that this bundle was proven with against the installed ones."""
    for library, wanted in manifest.requires.items():
        try:
            installed = version(library)
        except PackageNotFoundError:
            raise BundleError(
                f"{manifest.name}: needs {library} {wanted}, which is not installed{_how(manifest, library)}"
            ) from None
        if installed != wanted:
            raise BundleError(
                f"{manifest.name}: was packed with {library} {wanted}, but {installed} is installed: "
                f"install {library}=={wanted}, or pack the model again"
            )


def _how(manifest: Manifest, library: str) -> str:
    """Return how to install a library that the lock does not have."""
    if REQUIREMENTS in manifest.files:
        return ": `make setup` and `make image TARGET=full` install what a bundle asks for"
    if library.split("-", maxsplit=1)[0] in LIBRARIES:
        return ": `make setup EXTRAS=boosting` and `make image TARGET=full EXTRAS=boosting` install it"
    if library == "scikit-learn":
        return ": the image that has it is `make image TARGET=full`"
    return ""

"""Prove a bundle once more where it is about to serve: digests, versions, golden rows, the compiled copy."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from model.bundle.files import ONNX, PICKLE, Bundle, BundleError, read
from model.bundle.manifest import Input
from model.proof.compare import TOLERANCE, Answers, compare, copy, difference, original
from model.proof.draw import draw, thresholds
from model.runtime.estimator import Original, unpickle
from model.runtime.load import Model, load, loading
from model.schema.readers import reader
from model.schema.rows import Table

DRAWN_ROWS = 1000


def verified(folder: Path, name: str, *, threads: int = 1, lazily: bool = False) -> Model:
    """Return a model that was found whole and answers its golden rows rightly, or raise a BundleError.

    Lazily, a short form answers for itself, and the compiled copy is proven when it is first needed.
    """
    model = load(read(folder, name), threads)
    if lazily and _recall_short(model):
        model.prove = recall
    else:
        recall(model)
    return model


def recall(model: Model) -> None:
    """Ask a model its golden rows again."""
    golden = model.manifest.golden
    with loading(model.name):
        rows = model.rows([list(row) for row in golden.rows])
        predict = model.predict(rows).reshape(len(golden.rows), len(model.signature.targets))
        proba = model.predict_proba(rows) if golden.proba is not None else []
    _require(model, Answers(predict, proba))
    _recall_short(model)


def _recall_short(model: Model) -> bool:
    """Ask a short form the golden rows again, and tell whether it answers all of them alone."""
    golden = model.manifest.golden
    kind = np.float64 if model.signature.task == "regression" else object
    answers = np.asarray(golden.predict, dtype=kind).reshape(len(golden.rows), -1)
    short = [model.one(row) for row in golden.rows]
    for place, answer in enumerate(short):
        if answer is not None:
            answers[place] = answer
    _require(model, Answers(answers, []))
    return None not in short


def _require(model: Model, found: Answers) -> None:
    if wrong := _wrong(model, found):
        raise BundleError(
            f"{model.name}: answers differently than when it was packed: "
            f"{wrong} of {len(model.manifest.golden.rows)} golden rows"
        )


def _wrong(model: Model, found: Answers) -> int:
    """Count the golden rows whose answer is not the recorded one."""
    golden = model.manifest.golden
    said = np.asarray(golden.predict, dtype=found.predict.dtype).reshape(found.predict.shape)
    if model.signature.task == "regression":
        spread = float(np.std(said))
        differs = (~np.isclose(found.predict, said, rtol=TOLERANCE, atol=TOLERANCE * spread, equal_nan=True)).any(
            axis=1
        )
    else:
        differs = (found.predict != said).any(axis=1)
    for table, recorded in zip(found.proba, golden.proba or (), strict=False):
        differs |= (np.abs(table - np.asarray(recorded)) > TOLERANCE).any(axis=1)
    return int(differs.sum())


def compared(bundle: Bundle) -> str:
    """Hold the compiled copy against scikit-learn again, where that is installed, and say what was done."""
    manifest = bundle.manifest
    if manifest.runtime != "onnx" or manifest.fallback is None:
        return "served by scikit-learn"
    try:
        installed = version("scikit-learn")
    except PackageNotFoundError:
        return "compiled; scikit-learn is not installed to compare with"
    if installed != manifest.built_with["scikit-learn"]:
        return (
            f"compiled; packed with scikit-learn {manifest.built_with['scikit-learn']}, not compared with {installed}"
        )
    _compare(bundle, manifest.fallback)
    return f"compiled; equal to scikit-learn on {DRAWN_ROWS} drawn rows"


def _compare(bundle: Bundle, form: Input) -> None:
    manifest = bundle.manifest
    signature = manifest.signature
    model = Original(unpickle(bundle.files[PICKLE]), signature, form)
    golden = [list(row) for row in manifest.golden.rows]
    rows: Table = reader(signature, form)(golden)
    around = draw(rows, signature, thresholds(model.estimator, signature.names), DRAWN_ROWS)
    parity = compare(
        [original(model, around)], [copy(bundle.files[ONNX], signature, manifest.input, around)], 0, DRAWN_ROWS
    )
    if not parity.passed:
        raise BundleError(f"{manifest.name}: the compiled copy differs from scikit-learn: {difference(parity)}")

"""Prove a bundle once more where it is about to serve: digests, versions, golden rows, the compiled copy."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from model.bundle.files import COMPACT, ONNX, Bundle, BundleError, read
from model.bundle.manifest import Golden
from model.errors import guarded
from model.proof.compare import TOLERANCE, Answers, ReferenceRows, Refused, complete, estimator_answers, sizes, spread
from model.proof.forms import copy_answers, whole_answers
from model.proof.rows import hostile_rows
from model.runtime.base import Model, loading
from model.runtime.compact.form import Sum
from model.runtime.compact.whole import Whole
from model.runtime.estimator import Estimator, take
from model.runtime.load import load
from model.runtime.onnx import OnnxModel
from model.runtime.open_estimator import open_estimator
from model.schema.input_form import Input
from model.schema.readers import reader
from model.schema.rows import Table
from model.schema.signature import Signature
from model.trees.read import LIBRARIES

if TYPE_CHECKING:
    from model.signing.keys import PublicKeys

DRAWN_ROWS = 1000
Ask = Callable[[Table, Answers], Answers]
"""Gives a form's answers to rows; the estimator's own stand where it has none."""


def load_verified(
    folder: Path, name: str, *, threads: int = 1, lazily: bool = False, keys: PublicKeys | None = None
) -> Model:
    """Return a model that was found whole and answers its golden rows rightly, or raise a BundleError.

    Lazily, a compact form answers for itself, and the compiled copy is proven when it is first needed. With keys, one
    of them must have signed the bundle.
    """
    model = load(_read(folder, name, keys), threads)
    # Only a compiled copy is opened later than its model.
    if lazily and isinstance(model, OnnxModel) and _recall_compact(model):
        model.check_copy = verify_golden_rows
    else:
        verify_golden_rows(model)
    return model


def trusted_keys(place: str | None) -> PublicKeys | None:
    """Return the public keys that MODEL_KEYS names, or None where it is not set, and bundles need no signature."""
    if place is None:
        return None
    if not os.path.exists(place):  # noqa: PTH110 - unlike this, Path's own raises what a parent forbids
        raise BundleError(f"MODEL_KEYS {place!r}: must be a PEM file of public keys, or a folder of such files")
    from model.signing.keys import public_keys  # noqa: PLC0415 - without keys, cryptography is not loaded

    return public_keys(Path(place))


def _read(folder: Path, name: str, keys: PublicKeys | None) -> Bundle:
    """Return a bundle whose digests are right, and whose signature is, where there are keys."""
    bundle = read(folder, name)
    if keys is not None:
        from model.signing.bundles import require_signed  # noqa: PLC0415 - without keys, cryptography is not loaded

        require_signed(folder, bundle, keys)
    return bundle


def verify_golden_rows(model: Model) -> None:
    """Ask a model its golden rows again."""
    golden = model.manifest.golden
    for form in model.full_forms():
        with loading(model.name):
            rows = model.reader([list(row) for row in golden.rows])
            predict = form.predict(rows).reshape(len(golden.rows), len(model.signature.targets))
            proba = form.predict_proba(rows) if golden.proba is not None else []
        _require(model, complete(predict, proba))
    _recall_compact(model)


def _recall_compact(model: Model) -> bool:
    """Ask a compact form the golden rows again, and return whether it answers all of them alone."""
    golden = model.manifest.golden
    kind = np.float64 if model.signature.task == "regression" else object
    answers = np.asarray(golden.predict, dtype=kind).reshape(len(golden.rows), -1)
    given = [model.answer_row(row) for row in golden.rows]
    for place, answer in enumerate(given):
        if answer is not None:
            answers[place] = answer
    _require(model, complete(answers, []))
    return None not in given


def _require(model: Model, found: Answers) -> None:
    if wrong := _wrong(model, found):
        raise BundleError(
            f"{model.name}: answers differently than when it was packed: "
            f"{wrong} of {len(model.manifest.golden.rows)} golden rows"
        )


def _wrong(model: Model, found: Answers) -> int:
    """Count the golden rows whose answer is not the recorded one."""
    golden = model.manifest.golden
    recorded = np.asarray(golden.predict, dtype=found.predict.dtype).reshape(found.predict.shape)
    if model.signature.task == "regression":
        # Divided first: the square of a large number is infinite, and with it what would count as equal.
        largest = float(np.abs(recorded).max(initial=0.0)) or 1.0
        scale = float(np.std(recorded / largest)) * largest
        differs = (~np.isclose(found.predict, recorded, rtol=TOLERANCE, atol=TOLERANCE * scale, equal_nan=True)).any(
            axis=1
        )
    else:
        differs = (found.predict != recorded).any(axis=1)
    for table, known in zip(found.proba, golden.proba or (), strict=False):
        differs |= (np.abs(table - np.asarray(known)) > TOLERANCE).any(axis=1)
    return int(differs.sum())


def check_bundle(folder: Path, name: str, keys: PublicKeys | None = None) -> str:
    """Return what was found in the check of a whole bundle, or raise a BundleError."""
    with guarded(f"{name}: cannot be checked"):
        found = _read(folder, name, keys)
        verify_golden_rows(load(found))
        signed = "" if keys is None else "; signed with a trusted key"
        return f"{name} {found.manifest.version}: good; {compare_compiled(found)}{signed}"


def compare_compiled(bundle: Bundle) -> str:
    """Hold what answers against scikit-learn again, where that is installed, and return what was done."""
    manifest = bundle.manifest
    if manifest.runtime == "sklearn" or manifest.fallback is None:
        return "served by scikit-learn"
    form, what = ("compiled", "compiled copy") if manifest.runtime == "onnx" else ("compact", "compact form")
    for library, packed_with in manifest.built_with.items():
        if library != "scikit-learn" and library.split("-")[0] not in LIBRARIES:
            continue
        try:
            installed = version(library)
        except PackageNotFoundError:
            return f"{form}; {library} is not installed to compare with"
        if installed != packed_with:
            return f"{form}; packed with {library} {packed_with}, not compared with {installed}"
    model = Estimator(open_estimator(bundle), manifest.signature, manifest.fallback)
    try:
        limit = find_proven_limit(model, manifest.golden, _asked(bundle), manifest.input)
    except Refused as reason:
        raise BundleError(f"{manifest.name}: the {what} differs from scikit-learn: {reason}") from None
    if limit < manifest.input.limit:
        raise BundleError(f"{manifest.name}: the {what} differs from scikit-learn beyond {limit:.3g}")
    return f"{form}; equal to scikit-learn on {DRAWN_ROWS} drawn rows"


def _asked(bundle: Bundle) -> Ask:
    """Return what asks the form that answers."""
    manifest = bundle.manifest
    if manifest.runtime == "onnx":
        return ask_copy(bundle.files[ONNX], manifest.signature, manifest.input)
    return ask_whole(
        Whole(msgspec.json.decode(bundle.files[COMPACT], type=Sum), manifest.signature), manifest.signature
    )


def ask_copy(content: bytes, signature: Signature, form: Input) -> Ask:
    """Return what asks a compiled copy."""
    return lambda rows, _: copy_answers(content, signature, form, rows)


def ask_whole(answering: Whole, signature: Signature) -> Ask:
    """Return what asks a compact form for everything."""
    return lambda rows, expected: whole_answers(answering, signature, rows, expected)


def find_proven_limit(model: Estimator, golden: Golden, ask: Ask, form: Input) -> float:
    """Return up to which size of numbers a form answers rows around the golden ones as the estimator does."""
    rows = reader(model.signature, model.form)([list(row) for row in golden.rows])
    around = hostile_rows(model, rows, DRAWN_ROWS, seed=1)
    around = take(around, np.flatnonzero(sizes(around) <= form.limit))
    expected = estimator_answers(model, around)
    trial = ReferenceRows(
        model, rows, around, expected, spread(model.signature, estimator_answers(model, rows)), form.limit
    )
    parity, limit = trial.verdict(ask(around, expected))
    if not parity.passed:
        raise Refused("numbers differ")
    return limit

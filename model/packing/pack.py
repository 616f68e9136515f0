"""From a fitted estimator and rows of data to a bundle: describe, compile and prove, judge, write."""

from __future__ import annotations

import platform
import warnings
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import packages_distributions, version
from io import BytesIO
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model.bundle.files import PICKLE, REQUIREMENTS, Bundle, BundleError, free, write
from model.bundle.manifest import FORMAT, PROOF, Manifest
from model.check import verify_golden_rows
from model.errors import one_line
from model.packing.compile import Compiled
from model.packing.data import PackError
from model.packing.describe import Hints, describe
from model.packing.evaluate import Judged, evaluate, reference
from model.packing.forms import Forms, forms_of
from model.packing.invent import invented_values
from model.packing.json_round_trip import require_same_answers
from model.packing.log_rules import require_known
from model.packing.prove import trial
from model.packing.requirements import pinned
from model.packing.whole import Proven
from model.proof.compare import estimator_answers
from model.runtime.estimator import height, keep_to_one_thread, parts, take
from model.runtime.load import load
from model.segments import Treatment, strictest
from model.trees.read import library_of

MOST_ALONE = 300
_BUILT_WITH = ("scikit-learn", "numpy", "scipy", "pandas", "joblib", "skl2onnx", "onnx", "onnxruntime")


@dataclass(frozen=True)
class Material:
    """All that a bundle is made of."""

    name: str
    title: str
    estimator: Any
    rows: pd.DataFrame
    """The features of the training rows, in the model's order."""
    judged: Judged | None = None
    hints: Hints = field(default_factory=Hints)
    notes: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The model's own modules, and what it asks to be installed."""
    lean: bool = False
    """Whether a compiled copy is shipped even where scikit-learn is faster, which then need not be installed."""
    log: Mapping[str, Treatment] = field(default_factory=dict)
    """What the prediction log does with features."""


def _silent(_: str) -> None:
    """Say nothing."""


def pack(material: Material, folder: Path, *, replace: bool = False, say: Callable[[str], None] = _silent) -> Manifest:
    """Write a bundle of this material, or raise a UserError and write nothing."""
    free(folder, material.name, replace=replace)
    # Estimators and converters warn about their own insides; what matters here is proven instead.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        manifest, files = build(material, say)
    say("opening it again")
    _require_loadable(manifest, files)
    say("writing")
    return write(folder, manifest, files, replace=replace)


def build(material: Material, say: Callable[[str], None] = _silent) -> tuple[Manifest, dict[str, bytes]]:
    """Return the manifest and the files of a bundle."""
    estimator = material.estimator
    keep_to_one_thread(estimator)
    # Before anything is asked: own code may change while it predicts.
    files = {PICKLE: pickled(estimator), **material.files}
    say("reading what the model takes and answers")
    model, rows = describe(estimator, material.rows, material.hints)
    rules = require_known(material.log, model.signature.names)
    require_same_answers(model, material.rows, rows)
    some = rows if not model.form.alone else take(rows, _some(height(rows)))
    answers = estimator_answers(model, some)
    say("judging it")
    judged = None if material.judged is None else evaluate(model, material.judged)
    hidden = invented_values(model.signature, rows, strictest(model.signature.names, rules))
    forms = forms_of(trial(model, some, answers, hidden), files[PICKLE], say, lean=material.lean)
    manifest = Manifest(
        format=FORMAT,
        proof=PROOF,
        name=material.name,
        version="",
        title=material.title,
        estimator=spelled(estimator),
        signature=model.signature,
        **forms.facts(),
        requires=_requires(estimator, material.files, forms),
        built_with={"python": platform.python_version(), **_versions(_BUILT_WITH), **_versions(_boosting(estimator))},
        files={},
        reference=reference(model.signature, rows, answers),
        evaluation=judged,
        notes=material.notes,
        log=rules,
    )
    return manifest, {**files, **forms.files()}


def _require_loadable(manifest: Manifest, files: dict[str, bytes]) -> None:
    """Refuse to write what could not be served: a file that does not open, or that answers otherwise than before."""
    try:
        verify_golden_rows(load(Bundle(manifest, files)))
    except BundleError as error:
        raise PackError(
            f"{error}. It was saved, opened and asked once more: does its own code change while it predicts, depend on "
            "chance or on the time, or can it not be pickled?"
        ) from None


def pickled(estimator: Any) -> bytes:
    """Return an estimator as a joblib file; functions without a module of their own are stored with it."""
    buffer = BytesIO()
    try:
        joblib.dump(estimator, buffer, compress=("zlib", 3))
    except Exception:  # noqa: BLE001 - pickle raises all kinds for what it cannot name
        return _with_its_code(estimator)
    # The functions of a notebook or a script have a name here, and none where the bundle is served.
    return _with_its_code(estimator) if b"__main__" in zlib.decompress(buffer.getvalue()) else buffer.getvalue()


def _with_its_code(estimator: Any) -> bytes:
    try:
        return zlib.compress(cloudpickle.dumps(estimator), 3)
    except Exception as error:
        raise PackError(f"the model cannot be saved: {one_line(error)}") from error


def spelled(estimator: Any) -> str:
    """Write an estimator as people call it: the classes of its steps, from first to last."""
    steps = getattr(estimator, "steps", None)
    if steps:
        return " → ".join(spelled(step) for _, step in steps if step not in (None, "passthrough"))
    inner = estimator.get_params(deep=False).get("estimator")
    name = type(estimator).__name__
    return f"{name}({spelled(inner)})" if hasattr(inner, "get_params") else name


def _versions(names: Iterable[str]) -> dict[str, str]:
    return {name: version(name) for name in names}


def _boosting(estimator: Any) -> list[str]:
    """Return the packages of the boosting libraries inside an estimator."""
    homes = {library_of(part) for part in parts(estimator)} - {None}
    owners = packages_distributions() if homes else {}
    return sorted({name for home in homes for name in owners.get(str(home), [])})


def _requires(estimator: Any, brought: Mapping[str, bytes], forms: Forms) -> dict[str, str]:
    """Name the libraries whose other versions may load this model differently."""
    if isinstance(forms.short, Proven):
        return {}
    if isinstance(forms.copied, Compiled):
        return {"onnxruntime": version("onnxruntime")}
    owners = packages_distributions()
    homes = {type(part).__module__.split(".")[0] for part in parts(estimator)} | {"sklearn"}
    asked = pinned(brought.get(REQUIREMENTS, b""))
    return _versions([*(name for home in sorted(homes) for name in owners.get(home, [])), *asked])


def _some(count: int) -> NDArray[np.intp]:
    """Return places of rows that own code is asked about: one by one, so not all of many."""
    return np.sort(np.random.default_rng(0).permutation(count)[:MOST_ALONE])

"""From a fitted estimator and rows of data to a bundle: describe, compile and prove, judge, write."""

from __future__ import annotations

import platform
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import packages_distributions, version
from io import BytesIO
from pathlib import Path
from typing import Any

import joblib
import msgspec
import numpy as np
import pandas as pd

from model.bundle.files import ONNX, PICKLE, SHORT, free, write
from model.bundle.manifest import FORMAT, Evaluation, Golden, Manifest
from model.packing.compile import DRAWN_ROWS, Compiled, compile_and_prove
from model.packing.describe import Describer, Hints
from model.packing.evaluate import evaluate, reference
from model.packing.shorten import shorten
from model.proof.compare import Answers, Refused, original
from model.proof.draw import draw
from model.runtime.estimator import Original, keep_to_one_thread, parts
from model.schema.rows import Table
from model.schema.signature import Signature

GOLDEN_ROWS = 12
_BUILT_WITH = ("scikit-learn", "numpy", "scipy", "pandas", "joblib", "skl2onnx", "onnx", "onnxruntime")


@dataclass(frozen=True)
class Judged:
    """Rows with their right answers, and where they came from."""

    rows: pd.DataFrame
    truth: pd.Series[Any]
    source: str


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


def _silent(_: str) -> None:
    """Say nothing."""


def pack(material: Material, folder: Path, *, replace: bool = False, say: Callable[[str], None] = _silent) -> Manifest:
    """Write a bundle of this material, or raise a PackError or BundleError and write nothing."""
    free(folder, material.name, replace=replace)
    # Estimators and converters warn about their own insides; what matters here is proven instead.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        manifest, files = build(material, say)
    say("writing")
    return write(folder, manifest, files, replace=replace)


def build(material: Material, say: Callable[[str], None] = _silent) -> tuple[Manifest, dict[str, bytes]]:
    """Return the manifest and the files of a bundle."""
    estimator = material.estimator
    keep_to_one_thread(estimator)
    say("asking the model what it takes and answers")
    describer = Describer(estimator, material.rows)
    model = Original(estimator, describer.signature(material.hints), describer.form)
    rows = describer.table
    answers = original(model, rows)
    say("judging it")
    judged = _judge(model, material.judged)
    say("compiling it, and proving that the copy answers the same")
    copied: Compiled | Refused
    try:
        copied = compile_and_prove(model, rows)
    except Refused as reason:
        copied = reason
    say("looking for a short form")
    # Where the copy takes float32, the short form would take numbers that the copy cannot hold.
    narrow = isinstance(copied, Compiled) and copied.form.dtype == "float32"
    short = None if narrow else shorten(model, rows, DRAWN_ROWS)
    pickle = BytesIO()
    joblib.dump(estimator, pickle, compress=("zlib", 3))
    files = {PICKLE: pickle.getvalue()}
    if isinstance(copied, Compiled):
        files[ONNX] = copied.content
    if short is not None:
        files[SHORT] = msgspec.json.encode(short.form)
    manifest = Manifest(
        format=FORMAT,
        name=material.name,
        version="",
        title=material.title,
        estimator=spelled(estimator),
        signature=model.signature,
        runtime="onnx" if isinstance(copied, Compiled) else "sklearn",
        input=copied.form if isinstance(copied, Compiled) else model.form,
        fallback=model.form if isinstance(copied, Compiled) else None,
        reason=None if isinstance(copied, Compiled) else str(copied),
        short=short.parity if short is not None else None,
        parity=copied.parity if isinstance(copied, Compiled) else None,
        requires=_requires(estimator, compiled=isinstance(copied, Compiled)),
        built_with={"python": platform.python_version(), **{name: version(name) for name in _BUILT_WITH}},
        files={},
        golden=_golden(model, rows, answers),
        reference=reference(model.signature, rows, answers),
        evaluation=judged,
        notes=material.notes,
    )
    return manifest, files


def _judge(model: Original, judged: Judged | None) -> Evaluation | None:
    return evaluate(model, judged.rows, judged.truth, judged.source) if judged is not None else None


def spelled(estimator: Any) -> str:
    """Write an estimator as people call it: the classes of its steps, from first to last."""
    steps = getattr(estimator, "steps", None)
    if steps:
        return " → ".join(spelled(step) for _, step in steps if step not in (None, "passthrough"))
    inner = estimator.get_params(deep=False).get("estimator")
    name = type(estimator).__name__
    return f"{name}({spelled(inner)})" if hasattr(inner, "get_params") else name


def _requires(estimator: Any, *, compiled: bool) -> dict[str, str]:
    """Name the libraries whose other versions may load this model differently."""
    if compiled:
        return {"onnxruntime": version("onnxruntime")}
    owners = packages_distributions()
    homes = {type(part).__module__.split(".")[0] for part in parts(estimator)} | {"sklearn"}
    return {name: version(name) for home in sorted(homes) for name in owners.get(home, [])}


def _golden(model: Original, rows: Table, answers: Answers) -> Golden:
    """Pick rows that between them show every class and a missing value, and record what scikit-learn says of them."""
    picked = _take(rows, _spread(answers))
    sent, said = as_json(picked), [original(model, picked)]
    drawn = draw(rows, model.signature, {}, GOLDEN_ROWS // 3, seed=1)
    with suppress(Exception):  # some models refuse what they were not trained on; then those rows are not golden
        said.append(original(model, drawn))
        sent += as_json(drawn)
    proba = [np.concatenate(tables) for tables in zip(*(each.proba for each in said), strict=True)]
    return Golden(
        rows=tuple(map(tuple, sent)),
        predict=tuple(answer_json(model.signature, np.concatenate([each.predict for each in said]))),
        proba=tuple(tuple(map(tuple, table.tolist())) for table in proba) or None,
    )


def _spread(answers: Answers) -> list[int]:
    """Return places that show as many different answers as possible."""
    order = np.random.default_rng(0).permutation(len(answers.predict))
    texts = [str(answers.predict[place].tolist()) for place in order]
    first = [int(place) for n, place in enumerate(order) if texts[n] not in texts[:n]] if len(set(texts)) < 50 else []
    rest = [int(place) for place in order if int(place) not in set(first)]
    return sorted([*first, *rest][:GOLDEN_ROWS])


def _take(rows: Table, places: list[int]) -> Table:
    return {name: column[places] for name, column in rows.items()} if isinstance(rows, dict) else rows[places]


def as_json(rows: Table) -> list[list[Any]]:
    """Return rows as a caller would send them: by position, null for what is missing."""
    table = (
        np.column_stack([column.ravel().astype(object) for column in rows.values()]).tolist()
        if isinstance(rows, dict)
        else rows.tolist()
    )
    return [[None if cell != cell else cell for cell in row] for row in table]  # noqa: PLR0124


def answer_json(signature: Signature, predict: Any) -> list[Any]:
    """Return answers as JSON values: one a row, or one list a row where there are several targets."""
    listed: list[Any] = predict.tolist()
    return [row[0] for row in listed] if len(signature.targets) == 1 else listed

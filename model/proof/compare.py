"""Hold a compiled copy against its original: labels equal on every row, numbers within the tolerance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.bundle.manifest import Input, Parity
from model.runtime.estimator import Original
from model.runtime.load import PREDICT, PROBA, open_session
from model.schema.rows import Table
from model.schema.signature import MISSING_TEXT, Signature

# Numbers may differ by this much, relative to their size and spread; labels may not differ at all.
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Answers:
    """What a model said of a table of rows."""

    predict: NDArray[Any]
    proba: list[NDArray[Any]]


class Refused(Exception):  # noqa: N818 - not an error: scikit-learn serves the bundle instead
    """Why there is no compiled copy."""


def original(model: Original, rows: Table) -> Answers:
    """Return what scikit-learn answers."""
    predict = model.predict(rows)
    return Answers(predict.reshape(len(predict), -1), model.proba(rows) if model.signature.proba else [])


def copy(content: bytes, signature: Signature, form: Input, rows: Table) -> Answers:
    """Return what the compiled copy answers."""
    session = open_session(content)
    if isinstance(rows, dict):
        feed = {name: _as_input(column, form.dtype) for name, column in rows.items()}
    else:
        feed = {session.get_inputs()[0].name: rows.astype(form.dtype)}
    with np.errstate(all="ignore"):
        predict, *proba = session.run([PREDICT, PROBA] if signature.proba else [PREDICT], feed)
    if proba and len(signature.targets) > 1:
        proba = list(proba[0])
    return Answers(predict.reshape(len(predict), -1), proba)


def _as_input(column: NDArray[Any], dtype: str) -> NDArray[Any]:
    if column.dtype != object:
        return column.astype(dtype)
    return np.array([[MISSING_TEXT if cell != cell else cell] for cell in column.ravel()], dtype=object)  # noqa: PLR0124


def compare(expected: list[Answers], found: list[Answers], training: int, drawn: int) -> Parity:
    """Return how far the copy is from the original over tables of rows."""
    labels, error = 0, 0.0
    for one, other in zip(expected, found, strict=True):
        if one.predict.shape != other.predict.shape:
            raise Refused(f"the copy answers in the shape {other.predict.shape}, not {one.predict.shape}")
        if len(one.proba) != len(other.proba):
            raise Refused("the copy gives its probabilities in another shape")
        if one.predict.dtype.kind == "f" and not one.proba:
            error = max(error, largest_error(one.predict, other.predict))
        else:
            labels += int((one.predict != other.predict).any(axis=1).sum())
        for p, q in zip(one.proba, other.proba, strict=True):
            error = max(error, float(np.abs(p - q).max(initial=0.0)) if p.shape == q.shape else np.inf)
    return Parity(
        training_rows=training, drawn_rows=drawn, differing_labels=labels, largest_error=error, tolerance=TOLERANCE
    )


def largest_error(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the largest difference, relative to the number's size and the spread of all of them."""
    finite = np.isfinite(one)
    if (np.isfinite(other) != finite).any():
        return float("inf")
    spread = float(np.std(one[finite])) if finite.any() else 0.0
    scale = np.maximum(np.abs(one[finite]) + spread, np.finfo(np.float64).tiny)
    return float((np.abs(one[finite] - other[finite]) / scale).max(initial=0.0))


def difference(parity: Parity) -> str:
    """Say what kept a copy from passing."""
    if parity.differing_labels:
        return f"{parity.differing_labels} of {parity.training_rows + parity.drawn_rows} labels differ"
    return f"numbers differ by up to {parity.largest_error:.1g}"

"""Compare the answers of another form of a model with the estimator's own, row by row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.bundle.manifest import Parity
from model.runtime.estimator import Estimator, height, take
from model.schema.input_form import UNLIMITED
from model.schema.rows import Table
from model.schema.signature import Signature

# Numbers may differ by this much, relative to their size and the spread over training; labels may not differ at all.
TOLERANCE = 1e-5
# Rows that nobody drew may be worse than those of the proof, so these have to be ten times better.
PROVEN = TOLERANCE / 10
# A form must hold for numbers of this size, and for a thousand times the largest of training; beyond, it may refuse.
_LEAST_LIMIT = 1e6
_LEAST_FACTOR = 1e3
_MOST_ASKED_AGAIN = 500


class Refused(Exception):  # noqa: N818 - not an error: scikit-learn serves the bundle instead
    """Why a form of the model may not ship."""


@dataclass(frozen=True)
class Answers:
    """What a form of a model answers to a table of rows."""

    predict: NDArray[Any]
    """One column a target."""
    proba: list[NDArray[Any]]
    refused: NDArray[np.bool_]
    """Rows that get no answer; what stands there in the other fields means nothing."""


def complete(predict: NDArray[Any], proba: list[NDArray[Any]]) -> Answers:
    """Return answers to all rows of a table."""
    return Answers(predict, proba, np.zeros(len(predict), dtype=bool))


def estimator_answers(model: Estimator, rows: Table) -> Answers:
    """Return what the estimator itself answers, and which rows it refuses."""
    try:
        return _asked(model, rows)
    except Exception as error:
        if height(rows) == 1:
            return _refusal(model.signature)
        if isinstance(error, MemoryError):
            raise
    half = height(rows) // 2
    parts = [estimator_answers(model, take(rows, places)) for places in (slice(half), slice(half, None))]
    return joined(parts)


def _asked(model: Estimator, rows: Table) -> Answers:
    with np.errstate(all="ignore"):
        predict = model.predict(rows)
        proba = model.proba(rows) if model.signature.proba else []
    return complete(predict.reshape(len(predict), -1), proba)


def _refusal(signature: Signature) -> Answers:
    labels = [(target.classes or (np.nan,))[0] for target in signature.targets]
    kind = object if any(isinstance(label, str) for label in labels) else None
    proba = [np.full((1, len(target.classes or ())), np.nan) for target in signature.targets] if signature.proba else []
    return Answers(np.array([labels], dtype=kind), proba, np.ones(1, dtype=bool))


def joined(parts: list[Answers]) -> Answers:
    """Put the answers to several tables of rows together."""
    proba = [np.concatenate(tables) for tables in zip(*(part.proba for part in parts), strict=True)]
    predict = np.concatenate([part.predict for part in parts])
    return Answers(predict, proba, np.concatenate([part.refused for part in parts]))


def picked(answers: Answers, places: Any) -> Answers:
    """Return the answers at these places."""
    return Answers(answers.predict[places], [table[places] for table in answers.proba], answers.refused[places])


def spread(signature: Signature, answers: Answers) -> NDArray[np.float64]:
    """Return how far apart the predicted numbers of training lie, for each target."""
    if not signature.answers_numbers:
        return np.zeros(len(signature.targets))
    numbers = answers.predict[~answers.refused].astype(np.float64)
    finite = np.where(np.isfinite(numbers), numbers, np.nan)
    return np.nan_to_num(np.nanstd(finite, axis=0)) if len(finite) else np.zeros(len(signature.targets))


def errors(signature: Signature, expected: Answers, found: Answers, scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much each row's answer differs: infinitely where a label does, or only one of the two refuses.

    An answer that is no finite number is refused by the service, so it equals any other such answer.
    """
    if found.predict.shape != expected.predict.shape or len(found.proba) != len(expected.proba):
        raise Refused(f"it answers in the shape {found.predict.shape}, not {expected.predict.shape}")
    without = expected.refused | ~_finite(signature, expected)
    lacking = found.refused | ~_finite(signature, found)
    with np.errstate(all="ignore"):
        differ = _differences(signature, expected, found, scale)
    return np.where(without | lacking, np.where(without & lacking, 0.0, np.inf), differ)


def _finite(signature: Signature, answers: Answers) -> NDArray[np.bool_]:
    good = np.ones(len(answers.predict), dtype=bool)
    if signature.answers_numbers:
        good &= np.isfinite(answers.predict.astype(np.float64)).all(axis=1)
    for table in answers.proba:
        good &= np.isfinite(table).all(axis=1)
    return good


def _differences(
    signature: Signature, expected: Answers, found: Answers, scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    if signature.answers_numbers:
        one, other = expected.predict.astype(np.float64), found.predict.astype(np.float64)
        size = np.maximum(np.abs(one) + scale, np.finfo(np.float64).tiny)
        differ = (np.abs(one - other) / size).max(axis=1)
    else:
        differ = np.where((expected.predict != found.predict).any(axis=1), np.inf, 0.0)
    for table, copied in zip(expected.proba, found.proba, strict=True):
        if table.shape != copied.shape:
            raise Refused("it gives its probabilities in another shape")
        differ = np.maximum(differ, np.abs(table - copied).max(axis=1, initial=0.0))
    return np.asarray(differ)


def sizes(rows: Table) -> NDArray[np.float64]:
    """Return the largest number of each row, without its sign."""
    columns = rows.values() if isinstance(rows, dict) else np.asarray(rows).T
    numeric = [np.abs(np.nan_to_num(column.ravel())) for column in columns if column.dtype.kind == "f"]
    return np.max(numeric, axis=0) if numeric else np.zeros(height(rows))


@dataclass(frozen=True)
class ReferenceRows:
    """Rows and the estimator's own answers to them: what every other form is held against."""

    model: Estimator
    training: Table
    rows: Table
    """Training rows first, then hostile ones."""
    expected: Answers
    scale: NDArray[np.float64]
    most_taken: float = UNLIMITED
    """Larger numbers are refused by the estimator."""
    shown: tuple[slice, slice] | None = None
    """Where the rows are that a manifest may show, those of training first; None means that it may show all."""

    def verdict(self, found: Answers, left_out: NDArray[np.bool_] | None = None) -> tuple[Parity, float]:
        """Return how well a form answers, and up to which size of numbers, or raise Refused."""
        left_out = np.zeros(height(self.rows), dtype=bool) if left_out is None else left_out
        differ = errors(self.model.signature, self.expected, found, self.scale)
        differ = np.where(left_out, 0.0, differ)
        size = sizes(self.rows)
        wrong = self._asked_again(found, differ, size)
        limit = self._limit(size, wrong)
        within = (size <= limit) & ~left_out
        training = np.arange(len(within)) < height(self.training)
        labels = not self.model.signature.answers_numbers
        shown = np.where(wrong, differ, np.minimum(differ, PROVEN))
        parity = Parity(
            training_rows=int((within & training).sum()), drawn_rows=int((within & ~training).sum()),
            left_out=int(left_out.sum()),
            differing_labels=int((wrong & within & np.isinf(shown)).sum()) if labels else 0,
            largest_error=min(float(shown[within & np.isfinite(shown)].max(initial=0.0)), UNLIMITED),
            tolerance=PROVEN,
        )  # fmt: skip
        return parity, limit

    def _asked_again(self, found: Answers, differ: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return where a form is wrong; where the estimator itself answers a row alone as the form does, it is not.

        Rows are asked about from small numbers to large ones, up to the first that is wrong: beyond it nothing counts.
        """
        wrong = ~(differ <= PROVEN)
        places = np.flatnonzero(wrong)
        for place in places[np.argsort(size[places], kind="stable")][:_MOST_ASKED_AGAIN].tolist():
            alone = estimator_answers(self.model, take(self.rows, slice(place, place + 1)))
            one = picked(found, slice(place, place + 1))
            alone = alone if found.proba else replace(alone, proba=[])
            if not errors(self.model.signature, alone, one, self.scale)[0] <= PROVEN:
                break
            wrong[place] = False
        return wrong

    def _limit(self, size: NDArray[np.float64], wrong: NDArray[np.bool_]) -> float:
        """Return the largest size below which nothing is wrong."""
        if not wrong.any():
            return self.most_taken
        first = float(size[wrong].min())
        least = max(_LEAST_LIMIT, _LEAST_FACTOR * float(sizes(self.training).max(initial=0.0)))
        if first <= least:
            what = "answers" if self.model.signature.answers_numbers else "labels"
            number = int((wrong & (size <= least)).sum())
            raise Refused(f"{what} differ on {number} of {len(size)} rows")
        return min(self.most_taken, float(size[size < first].max()))

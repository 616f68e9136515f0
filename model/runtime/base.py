"""What every loaded model offers, whatever answers its rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from model.bundle.files import BundleError
from model.bundle.manifest import Manifest
from model.runtime.compact.answer import Row
from model.runtime.estimator import height, take
from model.schema.readers import reader
from model.schema.rows import Table
from model.schema.signature import MOST_PROBLEMS, Problem, SignatureError

Answer = NDArray[Any]
T = TypeVar("T")
BATCH_ROWS = 2048
"""More rows are answered in batches of this size, so that what a model needs for its steps does not grow with them."""


class RefusedRow(Exception):  # noqa: N818 - the row is at fault, not the program
    """A row that the estimator itself raises for; the cause is what it raised."""

    def __init__(self, row: int | None) -> None:
        self.row = row
        super().__init__("the model refuses these rows" if row is None else f"row {row}: the model refuses it")


class Model(ABC):
    """A loaded bundle: rows in, predictions out."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.name, self.version = manifest.name, manifest.version
        self.signature = manifest.signature
        self.reader = reader(manifest.signature, manifest.input)
        self.answer_row: Row = _no_compact_form
        """Answers one row by position from the compact form, or None where only predict can tell."""
        self.check_copy: Callable[[Model], None] = _unproven
        """Called when a compiled copy is opened; raises a BundleError if it must not be used."""
        self.batch_rows = BATCH_ROWS

    def predict(self, rows: Table) -> Answer:
        """Return the label or number of each row; one column a target where there are several."""
        answer = self.answer_batches(rows)
        _require_finite(answer)
        return answer

    def predict_proba(self, rows: Table) -> list[Answer]:
        """Return each row's probabilities in the order of the classes, one table a target."""
        answer = self.proba_batches(rows)
        for table in answer:
            _require_finite(table)
        return answer

    def answer_batches(self, rows: Table) -> Answer:
        """Return what predict returns, finite or not, from as many rows at once as the model takes."""
        parts = self._in_batches(rows, self._predict)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def proba_batches(self, rows: Table) -> list[Answer]:
        """Return what predict_proba returns, finite or not, from as many rows at once as the model takes."""
        parts = self._in_batches(rows, self._predict_proba)
        return parts[0] if len(parts) == 1 else [np.concatenate(each) for each in zip(*parts, strict=True)]

    def full_forms(self) -> tuple[Model, ...]:
        """Return what answers any row: this model, or the several that it has."""
        return (self,)

    def _in_batches(self, rows: Table, function: Callable[[Table], T]) -> list[T]:
        """Return the answers to all rows, one for each batch."""
        count, most = height(rows), self.batch_rows
        if count <= most:
            return [function(rows)]
        answers = []
        for start in range(0, count, most):
            try:
                answers.append(function(take(rows, slice(start, start + most))))
            except RefusedRow as error:
                raise RefusedRow(None if error.row is None else start + error.row) from error.__cause__
        return answers

    @abstractmethod
    def _predict(self, rows: Table) -> Answer:
        """Return what predict returns, finite or not."""

    @abstractmethod
    def _predict_proba(self, rows: Table) -> list[Answer]:
        """Return what predict_proba returns, finite or not."""


def _require_finite(answer: Answer) -> None:
    """Refuse rows whose answer JSON cannot hold: an overflow must not look like a missing value."""
    if answer.dtype.kind != "f" or (finite := np.isfinite(answer)).all():
        return
    rows = np.flatnonzero(~finite.reshape(len(answer), -1).all(axis=1)).tolist()
    text = "the model's answer is not a finite number"
    raise SignatureError([Problem("answer", text, row) for row in rows[:MOST_PROBLEMS]], len(rows))


def _no_compact_form(_: Sequence[Any]) -> None:
    """Leave every row to predict."""


def _unproven(_: Model) -> None:
    """Trust a copy, as whoever is about to prove it does."""


@contextmanager
def loading(name: str) -> Iterator[None]:
    """Raise a BundleError, in a sentence, for whatever a model's own file makes go wrong."""
    try:
        yield
    except BundleError:
        raise
    except Exception as error:  # what a foreign file can raise has no end
        raise BundleError(f"{name}: cannot be loaded: {' '.join(str(error).split())[:200]}") from error

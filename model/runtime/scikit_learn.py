"""Answer rows by scikit-learn itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from model.bundle.manifest import Manifest
from model.runtime.base import Answer, Model, RefusedRow
from model.runtime.call_batcher import CallBatcher, join, split, split_each
from model.runtime.estimator import Estimator, height, take
from model.schema.rows import Table

# Up to this many rows, calls are taken together; a larger batch pays for itself and runs beside.
MOST_TOGETHER = 64

Given = TypeVar("Given")


class SklearnModel(Model):
    """A model served by scikit-learn itself; simultaneous small calls are taken together."""

    def __init__(self, manifest: Manifest, estimator: Any) -> None:
        super().__init__(manifest)
        self._estimator = Estimator(estimator, manifest.signature, manifest.input)
        self._predict_together: CallBatcher[Table, Answer] = CallBatcher(self._estimator.predict, join, split)
        self._proba_together: CallBatcher[Table, list[Answer]] = CallBatcher(self._estimator.proba, join, split_each)

    def _predict(self, rows: Table) -> Answer:
        """Return the label or number of each row."""
        return _located(self._predict_together if height(rows) <= MOST_TOGETHER else self._estimator.predict, rows)

    def _predict_proba(self, rows: Table) -> list[Answer]:
        """Return each row's probabilities."""
        return _located(self._proba_together if height(rows) <= MOST_TOGETHER else self._estimator.proba, rows)


def _located(ask: Callable[[Table], Given], rows: Table) -> Given:
    """Ask about these rows; if that raises, name the first row that does."""
    try:
        return ask(rows)
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # what an estimator can raise has no end
        raise RefusedRow(_first_refused(ask, rows)) from error


def _first_refused(ask: Callable[[Table], Any], rows: Table) -> int | None:
    """Find the first row that raises by halving; none does where only several rows together raise."""
    start, end = 0, height(rows)
    while end - start > 1:
        middle = (start + end) // 2
        if _raises(ask, take(rows, slice(start, middle))):
            end = middle
        elif _raises(ask, take(rows, slice(middle, end))):
            start = middle
        else:
            return None
    return start


def _raises(ask: Callable[[Table], Any], rows: Table) -> bool:
    try:
        ask(rows)
    except Exception:  # noqa: BLE001 - see above
        return True
    return False

"""Answer every row by the compact form, where it was proven to give all answers: no other library is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from typing import Any

import numpy as np

from model.bundle.manifest import Manifest
from model.runtime.base import Answer, Model, RefusedRow
from model.runtime.compact.form import Sum
from model.runtime.compact.whole import Whole
from model.runtime.estimator import height, no_answer, no_proba
from model.schema.rows import Table


class CompactModel(Model):
    """A model in plain Python: one row after the other, which for texts is quicker than scikit-learn in batches too."""

    def __init__(self, manifest: Manifest, form: Sum) -> None:
        super().__init__(manifest)
        self._whole = Whole(form, self.signature)
        self.answer_row = self._finite if self.signature.answers_numbers else self._whole.label

    def _finite(self, row: Sequence[Any]) -> Any:
        """Leave a number that JSON cannot hold to predict, which refuses it."""
        number = self._whole.label(row)
        return number if number is not None and isfinite(number) else None

    def _predict(self, rows: Table) -> Answer:
        if not height(rows):
            return no_answer(self.signature)
        answers = self._each(rows, self._whole.label)
        return np.array(answers, dtype=object if isinstance(answers[0], str) else None)

    def _predict_proba(self, rows: Table) -> list[Answer]:
        return [np.array(self._each(rows, self._whole.shares))] if height(rows) else no_proba(self.signature)

    def _each(self, rows: Table, ask: Callable[[Sequence[Any]], Any]) -> list[Any]:
        found = []
        for place, row in enumerate(self._by_position(rows)):
            answer = ask(row)
            if answer is None:
                raise RefusedRow(place)
            found.append(answer)
        return found

    def _by_position(self, rows: Table) -> Iterator[tuple[Any, ...]]:
        columns = [rows[name] for name in self.signature.names] if isinstance(rows, dict) else list(np.asarray(rows).T)
        # Only NaN, which stands for null here, differs from itself.
        lists = [
            [None if value != value else value for value in column.ravel().tolist()]  # noqa: PLR0124
            for column in columns
        ]
        return zip(*lists, strict=True)

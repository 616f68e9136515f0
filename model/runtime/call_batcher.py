"""Simultaneous calls to a slow model are answered in one batch, by whichever caller holds it: nobody waits for more.

scikit-learn takes as long for 64 rows as for one, so what queued up while a caller held the model rides along
with the next holder. A batch that fails is taken apart, and only the guilty call sees the error.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from model.runtime.estimator import height
from model.schema.rows import Table

Rows = TypeVar("Rows")
Answer = TypeVar("Answer")


class _Call(Generic[Rows, Answer]):
    """One caller's rows, and in the end their answer or their error."""

    __slots__ = ("answer", "error", "rows")

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.answer: Answer | None = None
        self.error: Exception | None = None


class CallBatcher(Generic[Rows, Answer]):
    """Call a function of many rows on behalf of everyone who waits for it."""

    def __init__(
        self,
        function: Callable[[Rows], Answer],
        join: Callable[[Sequence[Rows]], Rows],
        split: Callable[[Answer, Sequence[Rows]], Sequence[Answer]],
    ) -> None:
        self._function, self._join, self._split = function, join, split
        self._waiting: deque[_Call[Rows, Answer]] = deque()
        self._holder = Lock()

    def __call__(self, rows: Rows) -> Answer:
        """Return the answer for these rows, or raise what the function raises for them alone."""
        # Nobody to serve beside oneself: whoever comes meanwhile waits for the lock, and serves the rest.
        if not self._waiting and self._holder.acquire(blocking=False):
            try:
                return self._function(rows)
            finally:
                self._holder.release()
        call: _Call[Rows, Answer] = _Call(rows)
        self._waiting.append(call)
        with self._holder:
            if call.answer is None and call.error is None:
                self._serve([self._waiting.popleft() for _ in range(len(self._waiting))])
        if call.error is not None:
            raise call.error
        return call.answer  # type: ignore[return-value]

    def _serve(self, calls: list[_Call[Rows, Answer]]) -> None:
        try:
            joined = calls[0].rows if len(calls) == 1 else self._join([call.rows for call in calls])
            answer = self._function(joined)
            answers = [answer] if len(calls) == 1 else self._split(answer, [call.rows for call in calls])
        except Exception as error:  # noqa: BLE001 - it goes to the caller whose rows it is about
            if len(calls) == 1:
                calls[0].error = error
                return
            for call in calls:
                self._serve([call])
        else:
            for call, part in zip(calls, answers, strict=True):
                call.answer = part


def join(calls: Sequence[Any]) -> Table:
    """Put the rows of several calls into one table."""
    if isinstance(calls[0], dict):
        return {name: np.concatenate([call[name] for call in calls]) for name in calls[0]}
    return np.concatenate(calls)


def split(answer: NDArray[Any], calls: Sequence[Table]) -> list[NDArray[Any]]:
    """Give each call its own rows back, by count; an answer of another length is nobody's."""
    heights = [height(call) for call in calls]
    if len(answer) != sum(heights):
        raise ValueError("the model answered another number of rows than it was asked")
    return np.split(answer, np.cumsum(heights)[:-1])


def split_each(answers: list[NDArray[Any]], calls: Sequence[Table]) -> list[list[NDArray[Any]]]:
    """Split the tables of several targets."""
    return [list(parts) for parts in zip(*(split(answer, calls) for answer in answers), strict=True)]

"""Notes that a request leaves to be counted later, kept small: what they occupy, the caches of the next request lack.

Each method that adds is one call into C that never lets another thread in between, so none of them takes a lock;
whoever takes notes out holds one, and leaves those in place that others add meanwhile.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from struct import Struct, error
from typing import Any

import numpy as np

from model.schema.rows import Table
from model.schema.signature import Feature

Columns = Any
"""One sequence a feature."""


class Rows:
    """Rows, their answers, and the seconds that each took."""

    def __init__(self, features: Sequence[Feature]) -> None:
        self._width = len(features)
        self._packed = bytearray()
        self._loose: deque[Sequence[Any]] = deque()
        self.answers: deque[Any] = deque()
        self.seconds = array("d")
        self.tables = array("d")
        """Of what was asked together: seconds and number of rows, in turn."""
        numeric = all(feature.type != "string" for feature in features)
        self.add: Callable[[Sequence[Any], Any, float], None] = self._packing() if numeric else self._keeping()

    def add_table(self, table: Table, answers: list[Any], seconds: float) -> None:
        """Note a few rows that were asked together."""
        if isinstance(table, dict):
            columns = [column.ravel().tolist() for column in list(table.values())[: self._width]]
            self._loose.extend(zip(*columns, strict=True))
        else:
            self._packed.extend(table[:, : self._width].astype("<f8", order="C", copy=False).tobytes())
        self.answers.extend(answers)
        self.tables.extend((seconds, len(answers)))

    def _keeping(self) -> Callable[[Sequence[Any], Any, float], None]:
        keep, answer, took = self._loose.append, self.answers.append, self.seconds.append

        def add(row: Sequence[Any], answered: Any, seconds: float) -> None:
            keep(row)
            answer(answered)
            took(seconds)

        return add

    def _packing(self) -> Callable[[Sequence[Any], Any, float], None]:
        keep, answer, took = self._loose.append, self.answers.append, self.seconds.append
        pack, extend, width = Struct(f"{self._width}d").pack, self._packed.extend, self._width

        def add(row: Sequence[Any], answered: Any, seconds: float) -> None:
            try:
                extend(pack(*row[:width]))
            except error:  # a missing value among the numbers
                keep(row)
            answer(answered)
            took(seconds)

        return add

    def taken(self) -> Iterator[Columns]:
        """Take the rows out, as columns; each time one or two sets of them."""
        size = 8 * self._width
        if count := len(self._packed) // size if size else 0:
            packed = bytes(self._packed[: count * size])
            del self._packed[: count * size]
            yield np.frombuffer(packed).reshape(count, self._width).T
        if self._loose:
            yield list(zip(*(row[: self._width] for row in emptied(self._loose)), strict=True))


def emptied(notes: deque[Any]) -> list[Any]:
    """Take all notes out of a queue."""
    return [notes.popleft() for _ in range(len(notes))]


def cut(notes: array[float]) -> array[float]:
    """Take all notes out of an array."""
    taken = notes[:]
    del notes[: len(taken)]
    return taken

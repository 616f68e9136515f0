"""Buffers for measurements that are counted later, kept small because they share the CPU's caches with requests.

Each append is one call into C that no other thread can interrupt, so the request threads take no lock. The thread
that empties a buffer holds a lock of its own and leaves what other threads append meanwhile.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from struct import Struct, error
from typing import Any

import numpy as np

from model.schema.rows import Table
from model.schema.signature import MATRIX_TYPES, MISSING_TEXT, Feature

Columns = Any
"""One sequence for each feature."""


class RowBuffer:
    """Rows, their answers, and the seconds that each took."""

    def __init__(self, features: Sequence[Feature]) -> None:
        self._width = len(features)
        self._limits = {at: _text_limit(each) for at, each in enumerate(features) if each.type in ("string", "date")}
        """By position, the length beyond which a text is cut: it is then longer than every known category."""
        self._packed = bytearray()
        self._unpacked: deque[Sequence[Any]] = deque()
        self.answers: deque[Any] = deque()
        self.seconds = array("d")
        self.batches = array("d")
        """Seconds and number of rows of each batch, alternating."""
        numeric = all(feature.type in MATRIX_TYPES and not feature.exact for feature in features)
        self.add: Callable[[Sequence[Any], Any, float], None] = (
            self._packing_appender() if numeric else self._plain_appender()
        )

    def add_batch(self, table: Table, answers: list[Any], seconds: float) -> None:
        """Append the few rows of one batch."""
        if isinstance(table, dict):
            columns = [column.ravel().tolist() for column in list(table.values())[: self._width]]
            for place, limit in self._limits.items():
                columns[place] = [_cut(value, limit) for value in columns[place]]
            self._unpacked.extend(zip(*columns, strict=True))
        else:
            self._packed.extend(table[:, : self._width].astype("<f8", order="C", copy=False).tobytes())
        self.answers.extend(answers)
        self.batches.extend((seconds, len(answers)))

    def _plain_appender(self) -> Callable[[Sequence[Any], Any, float], None]:
        add_row, add_answer, add_seconds = self._unpacked.append, self.answers.append, self.seconds.append
        limits = self._limits
        # The first one twice, so that it returns a tuple of one text too.
        texts: Callable[[Sequence[Any]], Sequence[Any]]
        texts = itemgetter(*list(limits)[:1], *limits) if limits else lambda _: ()
        longest, join = sum(limits.values()) + max(limits.values(), default=0), "".join

        def add(row: Sequence[Any], answer: Any, seconds: float) -> None:
            try:
                cut = len(join(texts(row))) > longest
            except TypeError:  # a missing text
                cut = True
            if cut:
                row = self._with_cut_texts(row)
            add_row(row)
            add_answer(answer)
            add_seconds(seconds)

        return add

    def _with_cut_texts(self, row: Sequence[Any]) -> list[Any]:
        cut = list(row)
        for place, limit in self._limits.items():
            cut[place] = _cut(cut[place], limit)
        return cut

    def _packing_appender(self) -> Callable[[Sequence[Any], Any, float], None]:
        add_row, add_answer, add_seconds = self._unpacked.append, self.answers.append, self.seconds.append
        pack, extend, width = Struct(f"{self._width}d").pack, self._packed.extend, self._width

        def add(row: Sequence[Any], answer: Any, seconds: float) -> None:
            try:
                extend(pack(*row[:width]))
            except error:  # a missing value among the numbers
                add_row(row)
            add_answer(answer)
            add_seconds(seconds)

        return add

    def take_columns(self) -> Iterator[Columns]:
        """Remove the rows and return them as columns, in one or two groups."""
        size = 8 * self._width
        if count := len(self._packed) // size if size else 0:
            packed = bytes(self._packed[: count * size])
            del self._packed[: count * size]
            yield np.frombuffer(packed).reshape(count, self._width).T
        if self._unpacked:
            yield list(zip(*(row[: self._width] for row in take_items(self._unpacked)), strict=True))


def _text_limit(feature: Feature) -> int:
    return max(map(len, (MISSING_TEXT, *map(str, feature.categories or ())))) + 1


def _cut(value: Any, limit: int) -> Any:
    """Return a value as it is counted: a long text would be kept whole, with hundreds of others, until the flush."""
    return value[:limit] if isinstance(value, str) else value


def take_items(items: deque[Any]) -> list[Any]:
    """Remove and return what a queue holds now."""
    return [items.popleft() for _ in range(len(items))]


def take_numbers(numbers: array[float]) -> array[float]:
    """Remove and return what an array holds now."""
    taken = numbers[:]
    del numbers[: len(taken)]
    return taken

"""What this process did, counted in plain numbers on the hot path.

Each thread counts for itself, so that counting needs no lock; a scrape adds the threads up. What has labels is
bounded by the routes, models, classes and reasons that the program knows: no caller can make a new series.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from threading import Lock, local
from typing import Any

from api.histogram import LATENCY, Histogram
from api.watch import Scale, Watch
from model.rows import Table
from model.runtime import Model


class Slots:
    """The counts of one thread."""

    def __init__(self, scales: Sequence[Scale]) -> None:
        self.requests: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self.latency: defaultdict[str, Histogram] = defaultdict(lambda: Histogram(LATENCY))
        self.rejected: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.watches = {scale.name: Watch(scale) for scale in scales}
        self.in_flight = 0


class Meters:
    """Every thread's counts, and what to call them."""

    def __init__(self, models: Iterable[Model]) -> None:
        self.models = tuple(models)
        self.scales = [Scale(model) for model in self.models]
        self._local = local()
        self._all: list[Slots] = []
        self._lock = Lock()

    @property
    def slots(self) -> Slots:
        """Return the calling thread's own counts."""
        try:
            found: Slots = self._local.slots
        except AttributeError:
            found = self._local.slots = Slots(self.scales)
            with self._lock:
                self._all.append(found)
        return found

    def one(self, name: str, row: Sequence[Any], answer: Any, seconds: float) -> None:
        """Count one row that a model answered the short way."""
        watch = self.slots.watches[name]
        watch.inference.observe(seconds)
        watch.singles += 1
        watch.row(row)
        watch.answer(answer)

    def many(self, name: str, table: Table, answer: Any, seconds: float) -> None:
        """Count rows that a model answered together."""
        watch = self.slots.watches[name]
        watch.inference.observe(seconds)
        watch.batches.observe(len(answer))
        watch.table(table)
        for value in answer.tolist():
            watch.answer(value)

    def threads(self) -> list[Slots]:
        """Return every thread's counts."""
        with self._lock:
            return list(self._all)

"""What this process did: noted on the hot path, added up later.

A request leaves notes, which costs a fraction of counting them there and then; they are added up together every so
many requests, and whenever somebody asks for the counts. What has labels is bounded by the routes, models, classes
and reasons that the program knows: no caller can make a new series.
"""

from __future__ import annotations

from array import array
from collections import defaultdict, deque
from collections.abc import Iterable
from threading import Lock
from typing import Any

from api.histogram import LATENCY, Histogram
from api.notes import cut
from api.watch import Watch
from model.runtime.load import Model
from model.schema.rows import Table

FEW = 64
Route = tuple[str, str]
"""Method and path, in Flask's spelling."""


class Meters:
    """The counts of this process, and the notes that are not counted yet."""

    def __init__(self, models: Iterable[Model]) -> None:
        self.models = tuple(models)
        self.in_flight: deque[None] = deque()
        """One entry a request that is being answered."""
        self.requests: defaultdict[tuple[Route, int], int] = defaultdict(int)
        self.latency: defaultdict[str, Histogram] = defaultdict(lambda: Histogram(LATENCY))
        self.rejected: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.examples: dict[str, tuple[str, float]] = {}
        """The last request of each route that said its trace, and how long it took."""
        self.watches = {model.name: Watch(model) for model in self.models}
        self._times: dict[tuple[Route, int], array[float]] = {}
        self._lock = Lock()

    def request(self, route: Route, status: int, seconds: float) -> None:
        """Note a request that was answered."""
        try:
            self._times[route, status].append(seconds)
        except KeyError:
            # Of two threads that meet here the second finds what the first has made.
            self._times.setdefault((route, status), array("d")).append(seconds)

    def many(self, name: str, table: Table, answer: Any, seconds: float) -> None:
        """Count rows that a model answered together; a few are noted, since counting has a price of its own."""
        if len(answer) <= FEW:
            self.watches[name].notes.add_table(table, answer.tolist(), seconds)
            return
        with self._lock:
            self.watches[name].together(table, answer, seconds)

    def reject(self, path: str, code: str) -> None:
        """Count a refusal."""
        with self._lock:
            self.rejected[path, code] += 1

    def add_up(self) -> None:
        """Count what was noted."""
        with self._lock:
            for (route, status), notes in list(self._times.items()):
                if seconds := cut(notes):
                    self.requests[route, status] += len(seconds)
                    self.latency[route[1]].extend(seconds)
            for watch in self.watches.values():
                watch.add_up()

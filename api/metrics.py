"""What this process did: noted on the hot path, added up later.

A request leaves notes in queues, which costs a tenth of counting them there and then; they are added up together when
there are many, and whenever somebody asks for the counts. What has labels is bounded by the routes, models, classes
and reasons that the program knows: no caller can make a new series.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any

from api.histogram import LATENCY, Histogram
from api.watch import Watch
from model.rows import Table
from model.runtime import Model

MOST_NOTES = 512

Route = tuple[str, str]
"""Method and path, in Flask's spelling."""


class Meters:
    """The counts of this process, and the notes that are not counted yet.

    Appending to a deque and popping from it are safe between threads without a lock; only adding up takes one.
    """

    def __init__(self, models: Iterable[Model]) -> None:
        self.models = tuple(models)
        self.in_flight: deque[None] = deque()
        """One entry a request that is being answered."""
        self.requests: defaultdict[tuple[Route, int], int] = defaultdict(int)
        self.latency: defaultdict[str, Histogram] = defaultdict(lambda: Histogram(LATENCY))
        self.rejected: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.watches = {model.name: Watch(model) for model in self.models}
        self.answered: deque[tuple[Route, int, float]] = deque()
        """Route, status and seconds of each request."""
        self.singles: dict[str, deque[tuple[Sequence[Any], Any, float]]] = {each: deque() for each in self.watches}
        """Row, answer and seconds of each row that a model answered the short way."""
        self._lock = Lock()

    def many(self, name: str, table: Table, answer: Any, seconds: float) -> None:
        """Count rows that a model answered together."""
        with self._lock:
            self.watches[name].together(table, answer, seconds)

    def reject(self, path: str, code: str) -> None:
        """Count a refusal."""
        with self._lock:
            self.rejected[path, code] += 1

    def add_up(self) -> None:
        """Count what was noted."""
        with self._lock:
            times: defaultdict[tuple[Route, int], list[float]] = defaultdict(list)
            for route, status, seconds in _emptied(self.answered):
                times[route, status].append(seconds)
            for (route, status), found in times.items():
                self.requests[route, status] += len(found)
                self.latency[route[1]].extend(found)
            for name, notes in self.singles.items():
                if singles := _emptied(notes):
                    rows, answers, seconds_each = zip(*singles, strict=True)
                    self.watches[name].singles(rows, answers, seconds_each)


def _emptied(notes: deque[Any]) -> list[Any]:
    """Take all notes out; another thread may add some meanwhile, which stay."""
    return [notes.popleft() for _ in range(len(notes))]

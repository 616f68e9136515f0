"""The metrics of this process: recorded on the hot path into buffers, counted later.

Recording costs a fraction of counting. Buffers are flushed every so many requests, and before each exposition.
Labels are bounded by the routes, models, classes and reasons that the program knows: no caller can create a series.
"""

from __future__ import annotations

from array import array
from collections import defaultdict, deque
from collections.abc import Iterable
from threading import Lock
from typing import Any

from api.telemetry.bounds import LATENCY
from api.telemetry.buffers import take_items, take_numbers
from api.telemetry.logs import Log
from api.telemetry.model_metrics import ModelMetrics
from api.telemetry.prediction_log import PredictionLog
from api.telemetry.series_guard import SeriesGuard
from model.drift.histogram import Histogram
from model.runtime.base import Model
from model.schema.rows import Table

SMALL_BATCH = 64
"""Batches up to this size are buffered; for larger ones counting at once costs little beside the prediction."""
RouteKey = tuple[str, str]
"""Method and path, with <name> for what varies."""


class Metrics:
    """The counts of this process, and the buffers of what is not counted yet."""

    def __init__(self, models: Iterable[Model], log: Log | None = None) -> None:
        self.served = tuple(models)
        self.log = log or Log()
        self.series_guard = SeriesGuard(self.log)
        self.in_flight: deque[None] = deque()
        """One entry for each request that is being answered."""
        self.requests: defaultdict[tuple[RouteKey, int], int] = defaultdict(int)
        self.latency: defaultdict[str, Histogram] = defaultdict(lambda: Histogram(LATENCY))
        self.rejected: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.exemplars: dict[str, tuple[str, float]] = {}
        """The trace id and latency of each route's last traced request."""
        self.models = {model.name: ModelMetrics(model, self.series_guard) for model in self.served}
        self.prediction_log: PredictionLog | None = None
        """What logs the predictions, if they are logged."""
        self._latencies: dict[tuple[RouteKey, int], array[float]] = {}
        self._rejections: deque[tuple[str, str]] = deque()
        self._lock = Lock()

    def record_request(self, route: RouteKey, status: int, seconds: float) -> None:
        """Record an answered request."""
        try:
            self._latencies[route, status].append(seconds)
        except KeyError:
            # Two threads may arrive here together: setdefault makes both use the same array.
            self._latencies.setdefault((route, status), array("d")).append(seconds)

    def record_batch(self, name: str, table: Table, answers: Any, seconds: float) -> None:
        """Record rows that a model answered in one call."""
        self.series_guard.run(name, "batches", lambda: self._record_batch(self.models[name], table, answers, seconds))

    def _record_batch(self, model: ModelMetrics, table: Table, answers: Any, seconds: float) -> None:
        if len(answers) <= SMALL_BATCH:
            model.buffer.add_batch(table, answers.tolist(), seconds)
            return
        with self._lock:
            model.count_batch(table, answers, seconds)

    def record_rejection(self, path: str, code: str) -> None:
        """Count a refused request."""
        self._rejections.append((path, code))

    def flush(self) -> None:
        """Count what is buffered."""
        with self._lock:
            for (route, status), latencies in list(self._latencies.items()):
                if seconds := take_numbers(latencies):
                    self.requests[route, status] += len(seconds)
                    self.latency[route[1]].extend(seconds)
            for rejection in take_items(self._rejections):
                self.rejected[rejection] += 1
            for model in self.models.values():
                model.flush()

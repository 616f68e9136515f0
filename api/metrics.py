"""What this process did, counted in plain numbers on the hot path and shown to Prometheus when it asks.

Each thread counts for itself, so that counting needs no lock; a scrape adds the threads up. What has labels is
bounded by the routes, models, classes and reasons that the program knows: no caller can make a new series.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import accumulate
from threading import Lock, local
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from model.runtime import Model

APP = "score-app"
LATENCY = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BATCH = (1, 2, 5, 10, 50, 100, 500, 1000, 5000, 10_000, 100_000)


class Histogram:
    """Counts below each bound, and the sum of everything observed."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def add(self, other: Histogram) -> None:
        """Add another's counts to these."""
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        self.sum += other.sum

    def buckets(self) -> list[tuple[str, float]]:
        """Return cumulative counts as Prometheus wants them."""
        names = [*(f"{bound:g}" for bound in self.bounds), "+Inf"]
        return list(zip(names, accumulate(self.counts), strict=True))


class Slots:
    """The counts of one thread."""

    def __init__(self) -> None:
        self.requests: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self.latency: defaultdict[str, Histogram] = defaultdict(lambda: Histogram(LATENCY))
        self.inference: defaultdict[str, Histogram] = defaultdict(lambda: Histogram(LATENCY))
        self.batches: defaultdict[str, Histogram] = defaultdict(lambda: Histogram(BATCH))
        self.rejected: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.predicted: dict[tuple[str, str], list[int]] = {}
        self.in_flight = 0


class Meters:
    """Every thread's counts, and what to call them."""

    def __init__(self, models: Iterable[Model]) -> None:
        self.models = tuple(models)
        self._local = local()
        self._all: list[Slots] = []
        self._lock = Lock()

    @property
    def slots(self) -> Slots:
        """Return the calling thread's own counts."""
        try:
            found: Slots = self._local.slots
        except AttributeError:
            found = self._local.slots = Slots()
            with self._lock:
                self._all.append(found)
        return found

    def collect(self) -> Iterator[Metric]:
        """Give every series to a Prometheus registry."""
        with self._lock:
            threads = list(self._all)
        yield from self._requests(threads)
        yield from self._models(threads)
        build = InfoMetricFamily("build", "The bundles that are served.", labels=["model", "version", "runtime"])
        for model in self.models:
            build.add_metric((model.name, model.version, model.manifest.runtime), {})
        yield build

    def _requests(self, threads: list[Slots]) -> Iterator[Metric]:
        count = CounterMetricFamily(
            "request_count", "Requests.", labels=["prometheus_app", "method", "route", "http_status"]
        )
        for (method, route, status), number in sorted(_sums(each.requests for each in threads).items()):
            count.add_metric((APP, method, route, str(status)), number)
        yield count
        yield _histograms(
            "request_latency_seconds", "Time from a request's arrival to its answer.", "route",
            [each.latency for each in threads],
        )  # fmt: skip
        flight = GaugeMetricFamily("requests_in_flight", "Requests being answered now.", labels=["prometheus_app"])
        flight.add_metric((APP,), sum(each.in_flight for each in threads))
        yield flight
        rejected = CounterMetricFamily("requests_rejected", "Requests refused, by reason.", labels=["route", "reason"])
        for pair, number in sorted(_sums(each.rejected for each in threads).items()):
            rejected.add_metric(pair, number)
        yield rejected

    def _models(self, threads: list[Slots]) -> Iterator[Metric]:
        help_ = "Time a model took for the rows of one request."
        yield _histograms("inference_seconds", help_, "model", [each.inference for each in threads])
        yield _histograms("request_rows", "Rows in one request.", "model", [each.batches for each in threads])


def _sums(counts: Iterable[dict[Any, int]]) -> dict[Any, int]:
    total: defaultdict[Any, int] = defaultdict(int)
    for each in counts:
        for key, number in list(each.items()):
            total[key] += number
    return total


def _histograms(name: str, text: str, label: str, threads: list[defaultdict[str, Histogram]]) -> Metric:
    family = HistogramMetricFamily(name, text, labels=["prometheus_app", label])
    total: dict[str, Histogram] = {}
    for each in threads:
        for key, histogram in list(each.items()):
            total.setdefault(key, Histogram(histogram.bounds)).add(histogram)
    for key, histogram in sorted(total.items()):
        family.add_metric((APP, key), histogram.buckets(), histogram.sum)
    return family

"""What Prometheus is shown when it asks: every thread's counts added up, under the names that dashboards know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from api.histogram import Histogram
from api.metrics import Meters, Slots
from api.watch import SCORES, Gauge, Scale, Watch

APP = "score-app"


def exposition(meters: Meters, accept: str) -> tuple[bytes, str]:
    """Return the metrics in the format asked for, and its name."""
    registry = CollectorRegistry()
    registry.register(_Collector(meters))
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


class _Collector(Collector):
    def __init__(self, meters: Meters) -> None:
        self._meters = meters

    def collect(self) -> Iterator[Metric]:
        """Give every series there is."""
        threads = self._meters.threads()
        yield from _requests(threads)
        yield from _Series(self._meters.scales, threads).families()
        build = InfoMetricFamily("build", "The bundles that are served.", labels=["model", "version", "runtime"])
        for model in self._meters.models:
            build.add_metric((model.name, model.version, model.manifest.runtime), {})
        yield build


def _requests(threads: list[Slots]) -> Iterator[Metric]:
    labels = ["prometheus_app", "method", "route", "http_status"]
    count = CounterMetricFamily("request_count", "Requests.", labels=labels)
    for (method, route, status), number in sorted(_sums(each.requests for each in threads).items()):
        count.add_metric((APP, method, route, str(status)), number)
    text = "Time from a request's arrival to its answer."
    latency = HistogramMetricFamily("request_latency_seconds", text, labels=["prometheus_app", "route"])
    for route, histogram in sorted(_merged(each.latency for each in threads).items()):
        latency.add_metric((APP, route), histogram.buckets(), histogram.sum)
    flight = GaugeMetricFamily("requests_in_flight", "Requests being answered now.", labels=["prometheus_app"])
    flight.add_metric((APP,), sum(each.in_flight for each in threads))
    rejected = CounterMetricFamily("requests_rejected", "Requests refused, by reason.", labels=["route", "reason"])
    for pair, number in sorted(_sums(each.rejected for each in threads).items()):
        rejected.add_metric(pair, number)
    yield from (count, latency, flight, rejected)


class _Series:
    """One family each for all models, and what each model adds to them."""

    def __init__(self, scales: list[Scale], threads: list[Slots]) -> None:
        feature = ["model", "feature"]
        self.inference = HistogramMetricFamily("inference_seconds", "Time a model took.", labels=["model"])
        self.rows = HistogramMetricFamily("request_rows", "Rows asked together.", labels=["model"])
        self.values = HistogramMetricFamily("feature_value", "Numbers received.", labels=feature)
        self.chosen = CounterMetricFamily("feature_category", "Strings received.", labels=[*feature, "category"])
        self.missing = CounterMetricFamily("feature_missing", "Missing values received.", labels=feature)
        self.outside = CounterMetricFamily("feature_outside", "Values that training never had.", labels=feature)
        self.classes = CounterMetricFamily("predictions", "Predictions, by class.", labels=["model", "category"])
        self.numbers = HistogramMetricFamily("prediction", "Predictions in training's ranges.", labels=["model"])
        text = "Predictions from 0 to 10."
        self.scored = HistogramMetricFamily("regression_model_output", text, labels=["prometheus_app", "model"])
        for scale in scales:
            self._add(scale, [each.watches[scale.name] for each in threads])

    def families(self) -> Iterable[Metric]:
        """Return all of them."""
        return vars(self).values()

    def _add(self, scale: Scale, threads: list[Watch]) -> None:
        name = scale.name
        inference, rows = Watch(scale).inference, Watch(scale).batches
        for watch in threads:
            inference.add(watch.inference)
            rows.add(watch.batches)
        singles = sum(watch.singles for watch in threads)
        rows.counts[0] += singles
        self.inference.add_metric((name,), inference.buckets(), inference.sum)
        self.rows.add_metric((name,), rows.buckets(), rows.sum + singles)
        for place, feature in enumerate(scale.features):
            counts = _added([watch.counts[place] for watch in threads], scale.gauges[place].bins)
            self.missing.add_metric((name, feature.name), sum(watch.missing[place] for watch in threads))
            self._feature((name, feature.name), scale.gauges[place], counts)
        self._predicted(scale, threads)

    def _feature(self, labels: tuple[str, str], gauge: Gauge, counts: list[int]) -> None:
        numeric = gauge.edges is not None
        self.outside.add_metric(labels, counts[-1] + (counts[0] if numeric else 0))
        _tell(self.values if numeric else self.chosen, labels, gauge, counts)

    def _predicted(self, scale: Scale, threads: list[Watch]) -> None:
        predicted = _added([watch.predicted for watch in threads], scale.target.bins)
        _tell(self.numbers if scale.regression else self.classes, (scale.name,), scale.target, predicted)
        if scale.regression:
            total = Histogram(SCORES)
            total.counts = _added([watch.scored for watch in threads], len(SCORES) + 1)
            self.scored.add_metric((APP, scale.name), total.buckets(), sum(watch.sum for watch in threads))


def _tell(family: Any, labels: tuple[str, ...], gauge: Gauge, counts: list[int]) -> None:
    if gauge.edges is not None:
        names = [*(f"{edge:.17g}" for edge in gauge.edges), "+Inf"]
        family.add_metric(labels, list(zip(names, accumulate(counts), strict=True)), None)
        return
    for value, place in (gauge.places or {}).items():
        family.add_metric((*labels, str(value)), counts[place])
    family.add_metric((*labels, "other"), counts[-1])


def _added(rows: list[list[int]], width: int) -> list[int]:
    return [sum(column) for column in zip(*rows, strict=True)] if rows else [0] * width


def _sums(counts: Iterable[dict[Any, int]]) -> dict[Any, int]:
    total: defaultdict[Any, int] = defaultdict(int)
    for each in counts:
        for key, number in list(each.items()):
            total[key] += number
    return total


def _merged(threads: Iterable[dict[str, Histogram]]) -> dict[str, Histogram]:
    total: dict[str, Histogram] = {}
    for each in threads:
        for key, histogram in list(each.items()):
            total.setdefault(key, Histogram(histogram.bounds)).add(histogram)
    return total

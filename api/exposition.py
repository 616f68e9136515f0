"""What Prometheus is shown when it asks: the process's counts, under the names that dashboards know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from api.drift import of_model
from api.feedback import Tally
from api.metrics import Meters
from api.scoring import Models
from api.watch import Categories, Numbers, Watch

APP = "score-app"


def exposition(models: Models, accept: str) -> tuple[bytes, str]:
    """Return the metrics in the format asked for, and its name."""
    registry = CollectorRegistry()
    registry.register(_Collector(models.meters, models.memory.tallies if models.memory else {}))
    ProcessCollector(registry=registry)
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


class _Collector(Collector):
    def __init__(self, meters: Meters, tallies: dict[str, Tally]) -> None:
        self._meters, self._tallies = meters, tallies

    def collect(self) -> Iterator[Metric]:
        """Give every series there is."""
        self._meters.add_up()
        yield from _requests(self._meters)
        yield from _Series(self._meters.watches.values()).families()
        build = InfoMetricFamily("build", "The bundles that are served.", labels=["model", "version", "runtime"])
        for model in self._meters.models:
            build.add_metric((model.name, model.version, model.manifest.runtime), {})
        yield build
        yield from _drift(self._meters)
        yield from _feedback(self._meters, self._tallies)


def _drift(meters: Meters) -> Iterator[Metric]:
    """Tell what was received in the ranges of training, and what training had there: drift is a query over both."""
    labels = ["model", "version", "feature", "range"]
    now = CounterMetricFamily("drift_rows", "Values received; no feature stands for what was predicted.", labels=labels)
    before = GaugeMetricFamily("drift_reference", "The share that training had.", labels=labels)
    for model in meters.models:
        for drift in of_model(meters, model):
            for key, count, share in zip(drift.keys, drift.now, drift.shares[0], strict=True):
                names = (model.name, model.version, drift.feature, key)
                now.add_metric(names, count)
                before.add_metric(names, share)
    yield from (now, before)


def _feedback(meters: Meters, tallies: dict[str, Tally]) -> Iterator[Metric]:
    labels = ["model", "version"]
    rows = CounterMetricFamily("feedback_rows", "Answers of which it was told what is true.", labels=labels)
    right = CounterMetricFamily("feedback_right", "Answers of these that named the right class.", labels=labels)
    error = CounterMetricFamily("feedback_absolute_error", "By how much numbers of these were wrong.", labels=labels)
    for model in meters.models:
        if tally := tallies.get(model.name):
            names = (model.name, model.version)
            rows.add_metric(names, tally.rows)
            if model.signature.targets[0].classes is None:
                error.add_metric(names, tally.error)
            else:
                right.add_metric(names, tally.right)
    yield from (rows, right, error)


def _requests(meters: Meters) -> Iterator[Metric]:
    labels = ["prometheus_app", "method", "route", "http_status"]
    count = CounterMetricFamily("request_count", "Requests.", labels=labels)
    for ((method, route), status), number in sorted(meters.requests.items()):
        count.add_metric((APP, method, route, str(status)), number)
    text = "Time from a request's arrival to its answer."
    latency = HistogramMetricFamily("request_latency_seconds", text, labels=["prometheus_app", "route"])
    for route, histogram in sorted(meters.latency.items()):
        buckets = _with_example(histogram.buckets(), meters.examples.get(route))
        latency.add_metric((APP, route), buckets, histogram.sum)
    flight = GaugeMetricFamily("requests_in_flight", "Requests being answered now.", labels=["prometheus_app"])
    flight.add_metric((APP,), len(meters.in_flight))
    rejected = CounterMetricFamily("requests_rejected", "Requests refused, by reason.", labels=["route", "reason"])
    for pair, number in sorted(meters.rejected.items()):
        rejected.add_metric(pair, number)
    yield from (count, latency, flight, rejected)


def _with_example(buckets: list[Any], example: tuple[str, float] | None) -> list[Any]:
    """Add the last traced request to the range that it fell into."""
    if example is None:
        return buckets
    trace, seconds = example
    place = next(place for place, (bound, _) in enumerate(buckets) if seconds <= float(bound))
    name, count = buckets[place]
    return [*buckets[:place], (name, count, Exemplar({"trace_id": trace}, seconds)), *buckets[place + 1 :]]


class _Series:
    """One family each for all models, and what each model adds to them."""

    def __init__(self, watches: Iterable[Watch]) -> None:
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
        for watch in watches:
            self._add(watch)

    def families(self) -> Iterable[Metric]:
        """Return all of them."""
        return vars(self).values()

    def _add(self, watch: Watch) -> None:
        self.inference.add_metric((watch.name,), watch.inference.buckets(), watch.inference.sum)
        self.rows.add_metric((watch.name,), watch.batches.buckets(), watch.batches.sum)
        for name, counted in watch.features.items():
            labels = (watch.name, name)
            self.missing.add_metric(labels, counted.missing)
            self.outside.add_metric(labels, counted.outside)
            _tell(self.values if isinstance(counted, Numbers) else self.chosen, labels, counted)
        predicted = watch.predicted
        _tell(self.numbers if isinstance(predicted, Numbers) else self.classes, (watch.name,), predicted)
        if watch.scored is not None:
            self.scored.add_metric((APP, watch.name), watch.scored.buckets(), watch.scored.sum)


def _tell(family: Any, labels: tuple[str, ...], counted: Numbers | Categories) -> None:
    if isinstance(counted, Numbers):
        family.add_metric(labels, counted.buckets(".17g"), counted.sum)
        return
    for value, number in counted.counts.items():
        family.add_metric((*labels, str(value)), number)
    family.add_metric((*labels, "other"), counted.outside)

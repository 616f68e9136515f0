"""The Prometheus exposition of this process's metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from threading import Lock
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar, Sample

from api.telemetry.metric_list import METRICS
from api.telemetry.metrics import Metrics
from api.telemetry.model_series import APP, Entry, series_of
from api.telemetry.prediction_log import PredictionLog

_MAKING = Lock()
"""Held by the one who makes an exposition: for a wide model each takes some megabytes."""
_INFO = {each.name: each for each in METRICS}
Families = dict[str, Any]
"""The families of METRICS by name; their add_metric methods differ."""


def exposition(metrics: Metrics, accept: str) -> tuple[bytes, str]:
    """Return the metrics in the format that the Accept header asks for, and its content type."""
    encode, content_type = choose_encoder(accept)
    with _MAKING:
        registry = CollectorRegistry()
        registry.register(_ServiceCollector(metrics))
        ProcessCollector(registry=registry)
        return encode(registry), content_type


class _ServiceCollector(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """Return every family of METRICS, filled."""
        self._metrics.flush()
        families: Families = {name: _family(name) for name in _INFO}
        _add_requests(families, self._metrics)
        for model in self._metrics.served:
            for series, make in series_of(self._metrics, model):
                found = self._metrics.series_guard.run(model.name, series, partial(_samples, make))
                for name, samples in found or ():
                    families[name].samples += samples
        for labels, number in sorted(self._metrics.series_guard.errors.items()):
            families["metrics_errors"].add_metric(labels, number)
        if self._metrics.prediction_log is not None:
            _add_prediction_log(families, self._metrics.prediction_log)
        families["log_lines_dropped"].add_metric((), self._metrics.log.dropped)
        yield from families.values()


def _family(name: str) -> Any:
    info = _INFO[name]
    return info.type(name, info.help, labels=info.labels)  # type: ignore[call-arg]


def _samples(make: Callable[[], Iterable[Entry]]) -> list[tuple[str, list[Sample]]]:
    """Return the samples of entries, all of which can be written; none of them, if one cannot."""
    found = []
    for name, labels, values in make():
        family = _family(name)
        family.add_metric(labels, *values)
        for sample in family.samples:
            float(sample.value)
            "".join(sample.labels.values()).encode()
        found.append((name, family.samples))
    return found


def _add_requests(families: Families, metrics: Metrics) -> None:
    for ((method, route), status), number in sorted(metrics.requests.items()):
        families["request_count"].add_metric((APP, method, route, str(status)), number)
    for route, histogram in sorted(metrics.latency.items()):
        buckets = _with_exemplar(histogram.buckets(), metrics.exemplars.get(route))
        families["request_latency_seconds"].add_metric((APP, route), buckets, histogram.sum)
    families["requests_in_flight"].add_metric((APP,), len(metrics.in_flight))
    for labels, number in sorted(metrics.rejected.items()):
        families["requests_rejected"].add_metric(labels, number)


def _add_prediction_log(families: Families, log: PredictionLog) -> None:
    families["prediction_log_rows"].add_metric((), log.rows)
    families["prediction_log_bytes"].add_metric((), log.bytes)
    families["prediction_log_lag_seconds"].add_metric((), log.lag)
    for reason, rows in log.dropped.items():
        families["prediction_log_dropped"].add_metric((reason,), rows)


def _with_exemplar(buckets: list[Any], exemplar: tuple[str, float] | None) -> list[Any]:
    """Add the last traced request to the bucket that its latency falls into."""
    if exemplar is None:
        return buckets
    trace_id, seconds = exemplar
    place = next(place for place, (bound, _) in enumerate(buckets) if seconds <= float(bound))
    name, count = buckets[place]
    return [*buckets[:place], (name, count, Exemplar({"trace_id": trace_id}, seconds)), *buckets[place + 1 :]]

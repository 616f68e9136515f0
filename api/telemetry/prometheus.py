"""The Prometheus exposition of this process's metrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from api.telemetry.drift import drift_of
from api.telemetry.metric_list import METRICS
from api.telemetry.metrics import Metrics
from api.telemetry.model_metrics import CategoryCounts, ModelMetrics, NumberCounts

APP = "score-app"
Families = dict[str, Any]
"""The families of METRICS by name; their add_metric methods differ."""


def exposition(metrics: Metrics, accept: str) -> tuple[bytes, str]:
    """Return the metrics in the format that the Accept header asks for, and its content type."""
    registry = CollectorRegistry()
    registry.register(_ServiceCollector(metrics))
    ProcessCollector(registry=registry)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _ServiceCollector(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """Return every family of METRICS, filled."""
        self._metrics.flush()
        families: Families = {each.name: each.type(each.name, each.help, labels=each.labels) for each in METRICS}  # type: ignore[call-arg]
        _add_requests(families, self._metrics)
        for model in self._metrics.models.values():
            _add_model(families, model)
        for served in self._metrics.served:
            families["build"].add_metric((served.name, served.version, served.manifest.runtime), {})
        _add_drift(families, self._metrics)
        _add_accuracy(families, self._metrics)
        yield from families.values()


def _add_requests(families: Families, metrics: Metrics) -> None:
    for ((method, route), status), number in sorted(metrics.requests.items()):
        families["request_count"].add_metric((APP, method, route, str(status)), number)
    for route, histogram in sorted(metrics.latency.items()):
        buckets = _with_exemplar(histogram.buckets(), metrics.exemplars.get(route))
        families["request_latency_seconds"].add_metric((APP, route), buckets, histogram.sum)
    families["requests_in_flight"].add_metric((APP,), len(metrics.in_flight))
    for labels, number in sorted(metrics.rejected.items()):
        families["requests_rejected"].add_metric(labels, number)


def _with_exemplar(buckets: list[Any], exemplar: tuple[str, float] | None) -> list[Any]:
    """Add the last traced request to the bucket that its latency falls into."""
    if exemplar is None:
        return buckets
    trace_id, seconds = exemplar
    place = next(place for place, (bound, _) in enumerate(buckets) if seconds <= float(bound))
    name, count = buckets[place]
    return [*buckets[:place], (name, count, Exemplar({"trace_id": trace_id}, seconds)), *buckets[place + 1 :]]


def _add_model(families: Families, model: ModelMetrics) -> None:
    families["inference_seconds"].add_metric((model.name,), model.inference.buckets(), model.inference.sum)
    families["request_rows"].add_metric((model.name,), model.batch_rows.buckets(), model.batch_rows.sum)
    for feature, counts in model.features.items():
        labels = (model.name, feature)
        families["feature_missing"].add_metric(labels, counts.missing)
        families["feature_outside"].add_metric(labels, counts.outside)
        _add_counts(families, ("feature_value", "feature_category"), labels, counts)
    _add_counts(families, ("prediction", "predictions"), (model.name,), model.predicted)
    if scores := model.quality_scores:
        families["regression_model_output"].add_metric((APP, model.name), scores.buckets(), scores.sum)


def _add_counts(
    families: Families, names: tuple[str, str], labels: tuple[str, ...], counts: NumberCounts | CategoryCounts
) -> None:
    """Add counts to the first family if they are numbers, to the second if they are categories."""
    if isinstance(counts, NumberCounts):
        families[names[0]].add_metric(labels, counts.buckets(".17g"), counts.sum)
        return
    for value, number in counts.counts.items():
        families[names[1]].add_metric((*labels, str(value)), number)
    families[names[1]].add_metric((*labels, "other"), counts.outside)


def _add_drift(families: Families, metrics: Metrics) -> None:
    for model in metrics.served:
        for drift in drift_of(metrics, model):
            for key, count, share in zip(drift.keys, drift.now, drift.shares[0], strict=True):
                labels = (model.name, model.version, drift.feature, key)
                families["drift_rows"].add_metric(labels, count)
                families["drift_reference"].add_metric(labels, share)


def _add_accuracy(families: Families, metrics: Metrics) -> None:
    for model in metrics.served:
        accuracy = metrics.models[model.name].accuracy
        if accuracy is None:
            continue
        labels = (model.name, model.version)
        families["feedback_rows"].add_metric(labels, accuracy.rows)
        if model.signature.targets[0].classes is None:
            families["feedback_absolute_error"].add_metric(labels, accuracy.absolute_error)
        else:
            families["feedback_right"].add_metric(labels, accuracy.correct)

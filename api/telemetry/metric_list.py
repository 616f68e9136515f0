"""The list of all metrics, with type, help text and labels: the names that dashboards and alerts rely on."""

from __future__ import annotations

from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric


class MetricInfo(NamedTuple):
    """One metric; Prometheus adds _total to a counter's name and _info to an info's."""

    type: type[Metric]
    name: str
    help: str
    labels: tuple[str, ...]


METRICS = (
    MetricInfo(
        CounterMetricFamily, "request_count", "Requests answered.", ("prometheus_app", "method", "route", "http_status")
    ),
    MetricInfo(
        HistogramMetricFamily, "request_latency_seconds", "Time from a request's arrival to its response.",
        ("prometheus_app", "route"),
    ),
    MetricInfo(GaugeMetricFamily, "requests_in_flight", "Requests being answered now.", ("prometheus_app",)),
    MetricInfo(CounterMetricFamily, "requests_rejected", "Requests refused, by reason.", ("route", "reason")),
    MetricInfo(HistogramMetricFamily, "inference_seconds", "Time of one call of a model.", ("model",)),
    MetricInfo(HistogramMetricFamily, "request_rows", "Rows of one call of a model.", ("model",)),
    MetricInfo(HistogramMetricFamily, "feature_value", "Numbers received, by feature.", ("model", "feature")),
    MetricInfo(
        CounterMetricFamily, "feature_category", "Strings received, by category.", ("model", "feature", "category")
    ),
    MetricInfo(CounterMetricFamily, "feature_missing", "Missing values received.", ("model", "feature")),
    MetricInfo(CounterMetricFamily, "feature_outside", "Values outside the training data.", ("model", "feature")),
    MetricInfo(CounterMetricFamily, "predictions", "Predictions, by class.", ("model", "category")),
    MetricInfo(HistogramMetricFamily, "prediction", "Predicted numbers, in the ranges of training.", ("model",)),
    MetricInfo(
        HistogramMetricFamily, "regression_model_output", "Predicted numbers, in ranges from 0 to 10.",
        ("prometheus_app", "model"),
    ),
    MetricInfo(InfoMetricFamily, "build", "The bundles that are served.", ("model", "version", "runtime")),
    MetricInfo(
        CounterMetricFamily, "drift_rows", "Values received, by range of training; no feature: the predictions.",
        ("model", "version", "feature", "range"),
    ),
    MetricInfo(
        GaugeMetricFamily, "drift_reference", "Share of each range in the training data.",
        ("model", "version", "feature", "range"),
    ),
    MetricInfo(CounterMetricFamily, "feedback_rows", "Predictions with a reported ground truth.", ("model", "version")),
    MetricInfo(
        CounterMetricFamily, "feedback_right", "Predictions that equal the reported class.", ("model", "version")
    ),
    MetricInfo(
        CounterMetricFamily, "feedback_absolute_error", "Sum of absolute errors of predicted numbers.",
        ("model", "version"),
    ),
    MetricInfo(
        CounterMetricFamily, "metrics_errors", "Failures to count or to expose a series, which was left out.",
        ("model", "series"),
    ),
    MetricInfo(CounterMetricFamily, "prediction_log_rows", "Rows written to the prediction log.", ()),
    MetricInfo(CounterMetricFamily, "prediction_log_bytes", "Bytes written to the prediction log.", ()),
    MetricInfo(
        CounterMetricFamily, "prediction_log_dropped", "Rows that the prediction log had no room for, by reason.",
        ("reason",),
    ),
    MetricInfo(
        GaugeMetricFamily, "prediction_log_lag_seconds", "Age of the oldest rows that wait for the shipper.", ()
    ),
    MetricInfo(CounterMetricFamily, "log_lines_dropped", "Lines of the log that could not be written.", ()),
)  # fmt: skip

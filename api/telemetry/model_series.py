"""What is exposed of one model: series by series, so that an error in one leaves the others as they are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from api.telemetry.drift import drift_of
from api.telemetry.metrics import Metrics
from api.telemetry.model_metrics import Accuracy, ModelMetrics
from model.drift.counts import CategoryCounts, NumberCounts
from model.drift.index import Drift
from model.runtime.base import Model

APP = "score-app"
Entry = tuple[str, tuple[str, ...], tuple[Any, ...]]
"""A metric's name, its labels, and the values that its family's add_metric takes."""
Series = tuple[str, Callable[[], Iterable[Entry]]]
"""A name for the log, and what makes the entries."""


def series_of(metrics: Metrics, model: Model) -> Iterator[Series]:
    """Return everything that is exposed of one model."""
    counts = metrics.models[model.name]
    yield "build", partial(_build, model)
    yield "calls", partial(_calls, counts)
    for name, values in counts.features.items():
        yield name, partial(_feature, (model.name, name), values)
    yield "predictions", partial(_counts, ("prediction", "predictions"), (model.name,), counts.predicted)
    if scores := counts.quality_scores:
        yield "quality scores", lambda: [("regression_model_output", (APP, model.name), (scores.buckets(), scores.sum))]
    for drift in drift_of(metrics, model):
        yield f"drift {drift.title}", partial(_drift, model, drift)
    if counts.accuracy is not None:
        yield "accuracy", partial(_accuracy, model, counts.accuracy)


def _build(model: Model) -> Iterator[Entry]:
    yield "build", (model.name, model.version, model.manifest.runtime), ({},)


def _calls(counts: ModelMetrics) -> Iterator[Entry]:
    yield "inference_seconds", (counts.name,), (counts.inference.buckets(), counts.inference.sum)
    yield "request_rows", (counts.name,), (counts.batch_rows.buckets(), counts.batch_rows.sum)


def _feature(labels: tuple[str, ...], counts: NumberCounts | CategoryCounts) -> Iterator[Entry]:
    yield "feature_missing", labels, (counts.missing,)
    yield "feature_outside", labels, (counts.outside,)
    yield from _counts(("feature_value", "feature_category"), labels, counts)


def _counts(names: tuple[str, str], labels: tuple[str, ...], counts: NumberCounts | CategoryCounts) -> Iterator[Entry]:
    """Return counts under the first name if they are numbers, under the second if they are categories."""
    if isinstance(counts, NumberCounts):
        yield names[0], labels, (counts.buckets(".17g"), counts.sum)
        return
    # Categories that are written alike, and one that is called other, share a series: a name must not come twice.
    found: Counter[str] = Counter({"other": counts.rest + counts.outside})
    for value, number in counts.counts.items():
        found[str(value)] += number
    for name, number in found.items():
        yield names[1], (*labels, name), (number,)


def _drift(model: Model, drift: Drift) -> Iterator[Entry]:
    now: defaultdict[str, float] = defaultdict(float)
    training: defaultdict[str, float] = defaultdict(float)
    for key, count, share in zip(drift.keys, drift.now, drift.shares[0], strict=True):
        now[key] += count
        training[key] += share
    for key in now:
        labels = (model.name, model.version, drift.feature, key)
        yield "drift_rows", labels, (now[key],)
        yield "drift_reference", labels, (training[key],)


def _accuracy(model: Model, accuracy: Accuracy) -> Iterator[Entry]:
    labels = (model.name, model.version)
    yield "feedback_rows", labels, (accuracy.rows,)
    if model.signature.targets[0].classes is None:
        yield "feedback_absolute_error", labels, (accuracy.absolute_error,)
    else:
        yield "feedback_right", labels, (accuracy.correct,)

"""What this process received and predicted compared with the training data."""

from __future__ import annotations

from functools import partial

from api.telemetry.metrics import Metrics
from model.bundle.manifest import Histogram
from model.drift.counts import CategoryCounts, NumberCounts
from model.drift.index import UNNAMED, Drift, compare
from model.runtime.base import Model


def drift_of(metrics: Metrics, model: Model) -> list[Drift]:
    """Compare the predictions and each feature with training, as of the last flush; what cannot be is left out."""
    counts, reference = metrics.models[model.name], model.manifest.reference
    title = f"predicted {model.signature.targets[0].name}"
    pairs: list[tuple[str, str, NumberCounts | CategoryCounts, Histogram]]
    pairs = [("", title, counts.predicted, reference.predictions[0])]
    pairs += [(name or UNNAMED, name, values, reference.features[name]) for name, values in counts.features.items()]
    found = [metrics.series_guard.run(model.name, f"drift {each[1]}", partial(compare, *each)) for each in pairs]
    return [each for each in found if each is not None and sum(each.training) > 0]

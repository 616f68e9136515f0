"""The memory for ground truth: callers report by request id what was true, and it is compared with the answer."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any

from api.errors import ApiError
from api.inference.answers import Answers
from api.telemetry.metrics import Metrics
from api.telemetry.model_metrics import Accuracy
from model.bundle.manifest import Manifest

MAX_ROWS = 64
"""Answers with more rows are not remembered."""


class GroundTruth:
    """The last answers by request id."""

    def __init__(self, capacity: int, metrics: Metrics) -> None:
        self.capacity = capacity
        self._metrics = metrics
        self._answers: OrderedDict[str, tuple[Manifest, list[Any]]] = OrderedDict()
        self._lock = Lock()

    def remember(self, request_id: str, model: Manifest, answers: Answers) -> None:
        """Remember the answers to a request, and forget the oldest ones beyond the capacity."""
        if answers.count > MAX_ROWS:
            return
        with self._lock:
            self._answers[request_id] = model, answers.raw_predictions()
            if len(self._answers) > self.capacity:
                self._answers.popitem(last=False)

    def report(self, request_id: str, truths: list[Any]) -> Manifest:
        """Compare the truth with what was answered, once, and return whose answer it was."""
        with self._lock:
            if request_id not in self._answers:
                text = f"none of the last {self.capacity} answers has this request_id"
                raise ApiError(404, "unknown_request", text)
            model, predictions = self._answers[request_id]
            if len(truths) != len(predictions):
                raise ApiError(422, "width", f"the answer has {len(predictions)} rows, the truth has {len(truths)}")
            known = [_label_or_number(model, truth) for truth in truths]
            del self._answers[request_id]
            metrics = self._metrics.models[model.name]
            metrics.accuracy = metrics.accuracy or Accuracy()
            _count(metrics.accuracy, model, predictions, known)
        return model


def _count(accuracy: Accuracy, model: Manifest, predictions: list[Any], truths: list[Any]) -> None:
    for prediction, truth in zip(predictions, truths, strict=True):
        accuracy.rows += 1
        if model.signature.targets[0].classes is None:
            accuracy.absolute_error += abs(float(prediction) - truth)
        else:
            accuracy.correct += bool(prediction == truth)


def _label_or_number(model: Manifest, truth: Any) -> Any:
    """Return a reported truth as the model would predict it: the label of a class, or a number."""
    target = model.signature.targets[0]
    if target.classes is None:
        if isinstance(truth, bool) or not isinstance(truth, int | float):
            raise ApiError(422, "type", f"{target.name} is a number, not {str(truth)[:40]!r}")
        return float(truth)
    for label, title in zip(target.classes, target.titles or target.classes, strict=True):
        if truth in (label, title) and isinstance(truth, bool) == isinstance(label, bool):
            return label
    raise ApiError(422, "category", f"{target.name} has no class {str(truth)[:40]!r}")

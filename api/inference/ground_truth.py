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
from model.drift.histogram import limited
from model.schema.truth import TruthError, label_or_number

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
            if len(model.signature.targets) != 1:
                raise ApiError(400, "no_feedback", f"the model {model.name} has several targets; one can be compared")
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
            error = abs(float(prediction) - truth)
            accuracy.absolute_error = limited(accuracy.absolute_error + error)
        else:
            accuracy.correct += bool(prediction == truth)


def _label_or_number(model: Manifest, truth: Any) -> Any:
    """Return a reported truth as the model would predict it, or raise a 422."""
    try:
        return label_or_number(model.signature.targets[0], truth)
    except TruthError as error:
        raise ApiError(422, error.code, str(error)) from None

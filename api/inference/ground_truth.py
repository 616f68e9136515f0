"""The memory for ground truth: callers report by request id what was true, and it is compared with the answer."""

from __future__ import annotations

from collections import OrderedDict
from math import isfinite
from threading import Lock
from typing import Any

from api.errors import ApiError
from api.inference.answers import Answers
from api.telemetry.metrics import Metrics
from api.telemetry.model_metrics import Accuracy
from model.bundle.manifest import Manifest
from model.drift.histogram import limited
from model.schema.values import kind_of

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
    """Return a reported truth as the model would predict it: the label of a class, or a number."""
    target = model.signature.targets[0]
    if target.classes is None:
        return _number(target.name, truth)
    for label, title in zip(target.classes, target.titles or target.classes, strict=True):
        if _same(truth, label) or _same(truth, title):
            return label
    raise ApiError(422, "category", f"{target.name} has no class {_shown(truth)}")


def _number(name: str, truth: Any) -> float:
    if isinstance(truth, bool) or not isinstance(truth, int | float):
        raise ApiError(422, "type", f"{name} is a number, not {_shown(truth)}")
    try:
        number = float(truth)
    except OverflowError:
        number = float("inf")
    if not isfinite(number):
        raise ApiError(422, "finite", f"{name} is a finite number")
    return number


def _same(truth: Any, label: Any) -> bool:
    """Return whether two values are equal; 1 and true are not."""
    return isinstance(truth, bool) == isinstance(label, bool) and bool(truth == label)


def _shown(truth: Any) -> str:
    """Return the start of a text, or the kind of anything else, which may be of any size."""
    return repr(truth[:40]) if isinstance(truth, str) else kind_of(truth)

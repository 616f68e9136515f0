"""The models that this process serves, and how they answer a question of any protocol."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import Any

from api.errors import ApiError, from_signature_error
from api.inference.answers import Answers, Question, json_values, labels_of, probabilities_of
from api.inference.ground_truth import GroundTruth
from api.telemetry.metrics import Metrics
from api.telemetry.prediction_log import PredictionLog
from model.bundle.files import BundleError
from model.runtime.base import Model
from model.schema.rows import Table
from model.schema.signature import SignatureError


class Models:
    """The served models; the first one is the default, for paths that name no model."""

    def __init__(self, models: Iterable[Model], max_rows: int, metrics: Metrics | None = None) -> None:
        self.by_name = {model.name: model for model in models}
        self.default = next(iter(self.by_name.values()))
        self.max_rows = max_rows
        self.metrics = metrics or Metrics(self.by_name.values())
        self.ground_truth: GroundTruth | None = None
        """The memory of answers, if feedback is enabled."""
        self.prediction_log: PredictionLog | None = None
        """What logs the predictions, if they are logged."""
        self.failed: dict[str, str] = {}
        """Why a model cannot answer any more, by name."""
        self._record_row = {name: each.buffer.add for name, each in self.metrics.models.items()}

    def get(self, name: str) -> Model:
        """Return a model by name."""
        try:
            return self.by_name[name]
        except KeyError:
            raise ApiError(404, "unknown_model", f"Model with name {name[:80]} does not exist.") from None

    def version(self, name: str, version: str | None) -> Model:
        """Return a model by name and, where one is given, version."""
        model = self.get(name)
        if version not in (None, model.version):
            raise ApiError(404, "unknown_version", f"Model {name} has no version {version}, only {model.version}.")
        return model

    def get_or_default(self, name: str | None) -> Model:
        """Return a model by name, or the default one if there is no name."""
        return self.default if name is None else self.get(name)

    def require_ready(self) -> None:
        """Raise a 503 if a compiled form, opened after the start, answered its golden rows differently."""
        for reason in self.failed.values():
            raise ApiError(503, "not_ready", reason)

    def read(self, model: Model, rows: object, names: Sequence[str] | None = None) -> Table:
        """Validate a caller's rows, and return them as the model's input."""
        if hasattr(rows, "__len__") and not isinstance(rows, dict | str) and len(rows) > self.max_rows:
            raise ApiError(413, "too_many_rows", f"{len(rows)} rows are more than the maximum of {self.max_rows}")
        try:
            return model.reader(rows, names)
        except SignatureError as error:
            raise from_signature_error(error) from None

    def predict(self, model: Model, table: Table) -> Any:
        """Return and count a model's predictions for validated rows."""
        start = perf_counter()
        try:
            array = model.predict(table)
        except BundleError as error:
            self.failed[model.name] = str(error)
            raise ApiError(503, "not_ready", str(error)) from None
        self.metrics.record_batch(model.name, table, array, perf_counter() - start)
        return array

    def predict_row(self, model: Model, row: Sequence[Any]) -> Any:
        """Return and count the prediction for one row by position if the model's compact form has one, else None."""
        start = perf_counter()
        answer = model.answer_row(row)
        if answer is not None:
            self._record_row[model.name](row, answer, perf_counter() - start)
        return answer

    def answer(self, model: Model, question: Question) -> Answers:
        """Answer a question: by the compact form if it is one row, else by the model's full form."""
        if question.names is None and not question.probabilities:
            row = model.reader.single(question.rows)
            answer = None if row is None else self.predict_row(model, row)
            if answer is not None:
                labels = labels_of(model, [answer]) if question.labels else None
                return Answers([answer], None, labels, column=model.signature.column)
        table = self.read(model, question.rows, question.names)
        array = self.predict(model, table)
        predictions = json_values(model, array)
        return Answers(
            predictions,
            probabilities_of(model, table) if question.probabilities else None,
            labels_of(model, predictions) if question.labels else None,
            array,
            model.signature.column,
        )

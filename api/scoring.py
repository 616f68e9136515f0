"""Ask a model on behalf of any dialect: rows in the caller's JSON, answers as JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import Any

import msgspec

from api.errors import ApiError, from_signature
from api.feedback import Memory
from api.metrics import Meters
from model.bundle.files import BundleError
from model.runtime.load import Model
from model.schema.rows import Table
from model.schema.signature import SignatureError


class Want(msgspec.Struct, frozen=True):
    """What the caller asks for beside the predictions."""

    proba: bool = False
    labels: bool = False


class Scored(msgspec.Struct):
    """A model's answers to some rows, one item a row, as JSON values."""

    predictions: list[Any]
    probabilities: list[Any] | None = None
    labels: list[Any] | None = None

    def under(self, key: str) -> dict[str, Any]:
        """Return the predictions under a dialect's key, and what was asked for besides."""
        found: dict[str, Any] = {key: self.predictions}
        if self.probabilities is not None or self.labels is not None:
            found |= self.beside()
        return found

    def beside(self) -> dict[str, Any]:
        """Return what was asked for besides, under the same keys in every dialect."""
        found = {}
        if self.probabilities is not None:
            found["probabilities"] = self.probabilities
        if self.labels is not None:
            found["labels"] = self.labels
        return found


class Models:
    """The models that this process serves; the first is the one that a path without a name means."""

    def __init__(self, models: Iterable[Model], most_rows: int, meters: Meters | None = None) -> None:
        self.by_name = {model.name: model for model in models}
        self.default = next(iter(self.by_name.values()))
        self.most_rows = most_rows
        self.meters = meters or Meters(self.by_name.values())
        self.memory: Memory | None = None
        """What was answered, where callers may tell what turned out to be true."""
        self.faults: dict[str, str] = {}
        """What is wrong with models that cannot answer any more, in a sentence each."""
        self._note = {name: watch.notes.add for name, watch in self.meters.watches.items()}

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

    def require_ready(self) -> None:
        """Refuse if a compiled copy, opened after the start, was found to answer differently."""
        for fault in self.faults.values():
            raise ApiError(503, "not_ready", fault)

    def read(self, model: Model, rows: object, names: Sequence[str] | None = None) -> Table:
        """Turn a caller's rows into the model's input."""
        if hasattr(rows, "__len__") and not isinstance(rows, dict | str) and len(rows) > self.most_rows:
            raise ApiError(413, "too_many_rows", f"{len(rows)} rows are more than the {self.most_rows} taken at once")
        try:
            return model.rows(rows, names)
        except SignatureError as error:
            raise from_signature(error) from None

    def predict(self, model: Model, table: Table) -> Any:
        """Return a model's answers to rows that were read, counted."""
        start = perf_counter()
        try:
            answer = model.predict(table)
        except BundleError as error:
            self.faults[model.name] = str(error)
            raise ApiError(503, "not_ready", str(error)) from None
        except (ValueError, IndexError):
            if model.manifest.runtime != "sklearn":
                raise
            # Some estimators refuse rows for reasons of their own, which no signature can tell beforehand.
            raise ApiError(422, "refused", f"the model {model.name} refuses these rows") from None
        self.meters.many(model.name, table, answer, perf_counter() - start)
        if self.memory is not None:
            self.memory.note(model, answer.tolist())
        return answer

    def short(self, model: Model, row: Sequence[Any]) -> Any:
        """Return the answer to one row by position if the model has a short way to it, counted; else None."""
        start = perf_counter()
        answer = model.one(row)
        if answer is not None:
            self._note[model.name](row, answer, perf_counter() - start)
            if self.memory is not None:
                self.memory.note(model, [answer])
        return answer

    def ask(self, model: Model, rows: object, want: Want, names: Sequence[str] | None = None) -> Scored:
        """Answer a caller's rows."""
        if names is None and not want.proba:
            row = model.rows.single(rows)
            answer = None if row is None else self.short(model, row)
            if answer is not None:
                return Scored([answer], labels=titled(model, [answer]) if want.labels else None)
        table = self.read(model, rows, names)
        predictions = listed(model, self.predict(model, table))
        return Scored(
            predictions,
            probabilities(model, table) if want.proba else None,
            titled(model, predictions) if want.labels else None,
        )


def listed(model: Model, answer: Any) -> list[Any]:
    """Return answers as JSON values."""
    values: list[Any] = answer.tolist()
    if model.signature.targets[0].whole:
        return [int(value) if value.is_integer() else value for value in values]
    return values


def probabilities(model: Model, table: Table) -> list[Any]:
    """Return each row's probabilities in the order of the classes; one list a target where there are several."""
    if not model.signature.proba:
        raise ApiError(400, "no_probabilities", f"the model {model.name} gives no probabilities")
    tables = [each.tolist() for each in model.predict_proba(table)]
    return tables[0] if len(tables) == 1 else [list(each) for each in zip(*tables, strict=True)]


def titled(model: Model, predictions: list[Any]) -> list[Any]:
    """Return what people call the predicted classes."""
    targets = model.signature.targets
    if any(target.classes is None for target in targets):
        raise ApiError(400, "no_labels", f"the model {model.name} predicts numbers, which have no labels")
    names = [dict(zip(t.classes or (), t.titles or map(str, t.classes or ()), strict=True)) for t in targets]
    if len(targets) == 1:
        return [names[0][label] for label in predictions]
    return [[known[label] for known, label in zip(names, row, strict=True)] for row in predictions]

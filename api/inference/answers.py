"""A protocol's question to a model, with rows as JSON values, and its answers, as JSON values too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from api.errors import ApiError
from model.runtime.base import Model
from model.schema.rows import Table


class Question(msgspec.Struct, gc=False):
    """Rows for a model, and what is wanted beside the predictions."""

    rows: Any
    names: Sequence[str] | None = None
    """The columns' names, where positional rows come with them."""
    probabilities: bool = False
    labels: bool = False


class Answers(msgspec.Struct, gc=False):
    """A model's answers, one item for each row, as JSON values."""

    predictions: list[Any]
    probabilities: list[Any] | None = None
    labels: list[Any] | None = None
    array: Any = None
    """The predictions as the model returned them; None if one row was answered by the compact form."""
    column: bool = False
    """Each prediction is written as a list of one, because the estimator was fitted on a column."""

    @property
    def count(self) -> int:
        """Return the number of rows."""
        return len(self.predictions if self.array is None else self.array)

    def raw_predictions(self) -> list[Any]:
        """Return the predictions as the model returned them."""
        values: list[Any] = self.predictions if self.array is None else self.array.tolist()
        return values

    def under(self, key: str) -> dict[str, Any]:
        """Return the predictions under a protocol's key, with probabilities and labels if they were wanted."""
        predictions = [[each] for each in self.predictions] if self.column else self.predictions
        if self.probabilities is None and self.labels is None:
            return {key: predictions}
        return {key: predictions, **self.extras()}

    def extras(self) -> dict[str, Any]:
        """Return probabilities and labels if they were wanted, under the same keys in every protocol."""
        extras = {"probabilities": self.probabilities, "labels": self.labels}
        return {key: values for key, values in extras.items() if values is not None}


def count_rows(rows: Any) -> int:
    """Return how many rows there are at most, before they are validated."""
    return 1 if isinstance(rows, dict) or not hasattr(rows, "__len__") else len(rows)


def count_answer_values(model: Model, question: Question) -> int:
    """Return how many values the answers to a question have at most."""
    width = len(model.signature.targets)
    if question.probabilities:
        width += sum(len(target.classes or ()) for target in model.signature.targets)
    if question.labels:
        width *= 2
    return width * count_rows(question.rows)


def count_explanation_values(model: Model, question: Question) -> int:
    """Return how many values the explanations of a question's rows have: four for each feature."""
    return 4 * len(model.signature.features) * count_rows(question.rows)


def max_values_per_row(model: Model) -> int:
    """Return how many values the answer to one row has at most, whatever is asked."""
    targets = model.signature.targets
    predictions = len(targets) + sum(len(target.classes or ()) for target in targets)
    return max(2 * predictions, 4 * len(model.signature.features))


def json_values(model: Model, array: Any) -> list[Any]:
    """Return predictions as JSON values; whole numbers are integers if the target has only those."""
    values: list[Any] = array.tolist()
    if model.signature.targets[0].whole:
        return [int(value) if value.is_integer() else value for value in values]
    return values


def probabilities_of(model: Model, table: Table) -> list[Any]:
    """Return each row's probabilities in the order of the classes; one list for each target if there are several."""
    if not model.signature.proba:
        raise ApiError(400, "no_probabilities", f"the model {model.name} gives no probabilities")
    tables = [each.tolist() for each in model.predict_proba(table)]
    return tables[0] if len(tables) == 1 else [list(each) for each in zip(*tables, strict=True)]


def labels_of(model: Model, predictions: list[Any]) -> list[Any]:
    """Return the titles of the predicted classes."""
    targets = model.signature.targets
    if any(target.classes is None for target in targets):
        raise ApiError(400, "no_labels", f"the model {model.name} predicts numbers, which have no labels")
    titles = [dict(zip(t.classes or (), t.titles or map(str, t.classes or ()), strict=True)) for t in targets]
    if len(targets) == 1:
        return [titles[0][label] for label in predictions]
    return [[known[label] for known, label in zip(titles, row, strict=True)] for row in predictions]

"""Which features changed an answer: each one in turn is set to its typical value, and the difference is its effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from api.errors import ApiError
from api.inference.answers import Question, json_values
from api.inference.models import Models
from model.runtime.base import Model

MAX_ROWS = 100
METHOD = (
    "An effect is the answer minus the answer to the same row with this one feature set to its typical value in "
    "training. It tells what the model does, not what causes what; effects of features that act together do not add up."
)


class Effect(msgspec.Struct):
    """The effect of one feature on one answer."""

    feature: str
    value: Any
    typical: Any
    effect: float


class Explanation(msgspec.Struct):
    """One answer, and the effects of its features."""

    prediction: Any
    explains: str
    """What the value is: a probability, a number, or whether the class stays the same."""
    value: float
    effects: list[Effect]


def explain(models: Models, model: Model, question: Question) -> list[Explanation]:
    """Explain the answers to a limited number of rows; these model calls are not counted as predictions."""
    rows = question.rows
    if isinstance(rows, list) and len(rows) > MAX_ROWS and isinstance(rows[0], list | dict):
        raise ApiError(413, "too_many_rows", f"{len(rows)} rows are more than the maximum of {MAX_ROWS} to explain")
    return explain_rows(models, model, rows)


def explain_rows(models: Models, model: Model, rows: object) -> list[Explanation]:
    """Explain the answers to some rows."""
    signature = model.signature
    if len(signature.targets) != 1:
        raise ApiError(400, "no_explanation", f"the model {model.name} has several targets; one can be explained")
    models.read(model, rows)
    table = [list(row) for row in model.rows.table(rows)]
    varied = [place for place, feature in enumerate(signature.features) if feature.typical is not None]
    if len(table) * (len(varied) + 1) > models.max_rows:
        raise ApiError(413, "too_many_rows", f"{len(table)} rows are more than can be explained at once")
    return [_explain_row(models, model, row, varied) for row in table]


def _explain_row(models: Models, model: Model, row: list[Any], varied: Sequence[int]) -> Explanation:
    features = model.signature.features
    variants = [row, *([*row[:place], features[place].typical, *row[place + 1 :]] for place in varied)]
    table = models.read(model, variants)
    predictions = json_values(model, model.predict(table))
    explains, values = _explained_values(model, table, predictions)
    with np.errstate(over="ignore"):
        differences = np.asarray(values[0] - values[1:], dtype=np.float64)
    if not np.isfinite(differences).all():
        raise ApiError(422, "answer", "an effect is too large for a number")
    effects = [
        Effect(features[place].name, row[place], features[place].typical, effect)
        for place, effect in zip(varied, differences.tolist(), strict=True)
    ]
    return Explanation(predictions[0], explains, float(values[0]), effects)


def _explained_values(model: Model, table: Any, predictions: list[Any]) -> tuple[str, Any]:
    """Return what is explained, and its value for each variant of the row."""
    target = model.signature.targets[0]
    if target.classes is None:
        return target.name, np.asarray(predictions, dtype=np.float64)
    if predictions[0] not in target.classes:
        raise ApiError(422, "answer", f"the model {model.name} predicts a class that its signature does not name")
    place = target.classes.index(predictions[0])
    title = (target.titles or target.classes)[place]
    if model.signature.proba:
        return f"probability of {title}", model.predict_proba(table)[0][:, place]
    return f"is {title}", np.asarray([float(each == predictions[0]) for each in predictions])

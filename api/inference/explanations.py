"""Which features changed an answer: each one in turn is set to its typical value, and the difference is its effect."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from api.errors import ApiError
from api.inference.answers import Question, json_values
from api.inference.models import Models
from model.runtime.base import Model
from model.runtime.effects import effects, varied

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
    read = models.read(model, rows)
    table = [list(row) for row in model.reader.table(rows)]
    places = varied(model)
    if len(table) * (len(places) + 1) > models.max_rows:
        raise ApiError(413, "too_many_rows", f"{len(table)} rows are more than can be explained at once")
    array = model.predict(read)
    found = effects(model, read, array)
    if not np.isfinite(found.effects).all():
        raise ApiError(422, "answer", "an effect is too large for a number")
    return [
        Explanation(
            prediction,
            _explained(model, prediction),
            value,
            [
                Effect(signature.features[place].name, row[place], signature.features[place].typical, effect)
                for place, effect in zip(places, differences, strict=True)
            ],
        )
        for prediction, value, differences, row in zip(
            json_values(model, array), found.values.tolist(), found.effects.tolist(), table, strict=True
        )
    ]


def _explained(model: Model, prediction: Any) -> str:
    """Return what is explained of one row's answer."""
    target = model.signature.targets[0]
    if target.classes is None:
        return target.name
    title = (target.titles or target.classes)[target.classes.index(prediction)]
    return f"probability of {title}" if model.signature.proba else f"is {title}"

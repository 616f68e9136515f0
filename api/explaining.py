"""Which features moved an answer: each is set to its typical value in turn, and what that changes is its effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from api.errors import ApiError
from api.scoring import Models, listed
from model.runtime.load import Model

METHOD = (
    "An effect is the answer minus the answer to the same row with this one feature set to its typical value in "
    "training. It tells what the model does, not what causes what; effects of features that act together do not add up."
)


class Effect(msgspec.Struct):
    """What one feature did to one answer."""

    feature: str
    value: Any
    typical: Any
    effect: float


class Explanation(msgspec.Struct):
    """One answer, and what moved it."""

    prediction: Any
    explains: str
    """What the value is: a probability, a number, or whether the class stays the same."""
    value: float
    effects: list[Effect]


def explained(models: Models, model: Model, rows: object) -> list[Explanation]:
    """Explain the answers to some rows; nothing of this counts as something that was asked."""
    signature = model.signature
    if len(signature.targets) != 1:
        raise ApiError(400, "no_explanation", f"the model {model.name} has several targets; one can be explained")
    models.read(model, rows)
    given = [list(row) for row in model.rows.table(rows)]
    moved = [place for place, feature in enumerate(signature.features) if feature.typical is not None]
    if len(given) * (len(moved) + 1) > models.most_rows:
        raise ApiError(413, "too_many_rows", f"{len(given)} rows are more than can be explained at once")
    return [_one(models, model, row, moved) for row in given]


def _one(models: Models, model: Model, row: list[Any], moved: Sequence[int]) -> Explanation:
    features = model.signature.features
    variants = [row, *([*row[:place], features[place].typical, *row[place + 1 :]] for place in moved)]
    table = models.read(model, variants)
    answers = listed(model, model.predict(table))
    explains, values = _values(model, table, answers)
    effects = [
        Effect(features[place].name, row[place], features[place].typical, float(values[0] - value))
        for place, value in zip(moved, values[1:], strict=True)
    ]
    return Explanation(answers[0], explains, float(values[0]), effects)


def _values(model: Model, table: Any, answers: list[Any]) -> tuple[str, Any]:
    """Return the number that is followed while features change, and what it is."""
    target = model.signature.targets[0]
    if target.classes is None:
        return target.name, np.asarray(answers, dtype=np.float64)
    place = target.classes.index(answers[0])
    title = (target.titles or target.classes)[place]
    if model.signature.proba:
        return f"probability of {title}", model.predict_proba(table)[0][:, place]
    return f"is {title}", np.asarray([float(answer == answers[0]) for answer in answers])

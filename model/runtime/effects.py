"""The effect of each feature on each answer: the answer minus the one with this feature at its typical value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.runtime.base import BATCH_ROWS, Answer, Model
from model.runtime.estimator import height, take
from model.schema.rows import Table
from model.schema.signature import Label, Problem, SignatureError


@dataclass(frozen=True)
class Effects:
    """What explains the answers to some rows."""

    values: NDArray[np.float64]
    """What is explained, one a row: the probability of the predicted class, a number, or 1 for the predicted class."""
    effects: NDArray[np.float64]
    """One column for each varied feature; not finite where a difference is too large for a number."""


def varied(model: Model) -> list[int]:
    """Return the places of the features that have a typical value."""
    return [place for place, feature in enumerate(model.signature.features) if feature.typical is not None]


def effects(model: Model, rows: Table, predictions: Answer) -> Effects:
    """Explain the answers of a model with one target, some rows at a time: each has a variant for each feature."""
    places = varied(model)
    step = max(1, BATCH_ROWS // (len(places) + 1))
    cuts = [slice(start, start + step) for start in range(0, max(height(rows), 1), step)]
    found = [_effects(model, take(rows, cut), predictions[cut], places) for cut in cuts]
    return Effects(np.concatenate([each.values for each in found]), np.concatenate([each.effects for each in found]))


def _effects(model: Model, rows: Table, predictions: Answer, places: list[int]) -> Effects:
    """Explain a few rows; all their variants are asked in one call."""
    count = height(rows)
    variants = take(rows, np.tile(np.arange(count), len(places) + 1))
    for step, (place, cell) in enumerate(zip(places, _typical(model, places), strict=True), 1):
        part = slice(step * count, (step + 1) * count)
        if isinstance(variants, dict):
            variants[model.signature.names[place]][part] = cell
        else:
            variants[part, place] = cell
    values = _explained(model, variants, predictions, len(places) + 1).reshape(len(places) + 1, count)
    with np.errstate(over="ignore", invalid="ignore"):
        return Effects(values[0], (values[0] - values[1:]).T)


def _typical(model: Model, places: Sequence[int]) -> list[Any]:
    """Return the typical values as the model takes them."""
    if not places:
        return []
    features, row = model.signature.features, list(model.manifest.golden.rows[0])
    for place in places:
        row[place] = features[place].typical
    table = model.rows([row])
    return [table[features[place].name][0] if isinstance(table, dict) else table[0, place] for place in places]


def _explained(model: Model, variants: Table, predictions: Answer, times: int) -> NDArray[np.float64]:
    """Return what is explained, for each variant of each row."""
    target = model.signature.targets[0]
    if target.classes is None:
        return np.asarray(model.predict(variants), dtype=np.float64)
    if model.signature.proba:
        places = _classes(target.classes, predictions)
        probabilities = model.predict_proba(variants)[0]
        return np.asarray(probabilities[np.arange(len(probabilities)), places * times], dtype=np.float64)
    return np.asarray(model.predict(variants) == np.tile(predictions, times), dtype=np.float64)


def _classes(classes: tuple[Label, ...], predictions: Answer) -> list[int]:
    """Return the places of the predicted classes."""
    labels = predictions.tolist()
    text = "the model predicts a class that its signature does not name"
    if problems := [Problem("answer", text, row) for row, label in enumerate(labels) if label not in classes]:
        raise SignatureError(problems)
    return [classes.index(label) for label in labels]

"""The effect of each feature on each answer: the answer minus the one with this feature at its typical value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.runtime.base import Answer, Model
from model.runtime.estimator import height, take
from model.schema.rows import Table
from model.schema.signature import Label, Problem, SignatureError

CELLS = 500_000
"""A table of variants has no more, or is that of one row: 4 MB of numbers."""


@dataclass(frozen=True)
class Effects:
    """What explains the answers to some rows."""

    values: NDArray[np.float64]
    """What is explained, one a row: the probability of the predicted class, a number, or 1 for the predicted class."""
    effects: NDArray[np.float64]
    """One column for each varied feature; not finite where a difference is too large for a number."""


def varied(model: Model) -> list[int]:
    """Return the places of the features that have a typical value; of exact integers it is a rounded one."""
    features = enumerate(model.signature.features)
    return [place for place, feature in features if feature.typical is not None and not feature.exact]


def effects(model: Model, rows: Table, predictions: Answer) -> Effects:
    """Explain the answers of a model with one target, as many rows in one call as a bounded table of variants holds."""
    places, count = varied(model), height(rows)
    cells = _typical(model, places)
    step = max(CELLS // ((len(places) + 1) * len(model.signature.features)), 1)
    parts = [slice(start, start + step) for start in range(0, count, step)]
    values = [_values(model, take(rows, part), predictions[part], [*zip(places, cells, strict=True)]) for part in parts]
    found = np.concatenate(values, axis=1) if values else np.empty((len(places) + 1, 0))
    with np.errstate(over="ignore", invalid="ignore"):
        return Effects(found[0], (found[0] - found[1:]).T)


def _values(model: Model, rows: Table, predictions: Answer, cells: list[tuple[int, Any]]) -> NDArray[np.float64]:
    """Return what is explained: one line for the rows as they are, and one for each feature at its typical value."""
    count, times = height(rows), len(cells) + 1
    variants = take(rows, np.tile(np.arange(count), times))
    for step, (place, cell) in enumerate(cells, 1):
        part = slice(step * count, (step + 1) * count)
        if isinstance(variants, dict):
            variants[model.signature.names[place]][part] = cell
        else:
            variants[part, place] = cell
    return _explained(model, variants, predictions, times).reshape(times, count)


def _typical(model: Model, places: Sequence[int]) -> list[Any]:
    """Return the typical values as the model takes them."""
    if not places:
        return []
    features, row = model.signature.features, list(model.manifest.golden.rows[0])
    for place in places:
        row[place] = features[place].typical
    table = model.reader([row])
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

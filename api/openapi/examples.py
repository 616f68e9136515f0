"""A golden row in every form in which it may be sent, and its answer."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from model.runtime.base import Model


@dataclass(frozen=True)
class Example:
    """A golden row, and its golden answer."""

    row: list[Any]
    named: dict[str, Any]
    prediction: Any
    predictions: list[Any]
    """The answer as a list of predictions has it."""

    @property
    def split(self) -> dict[str, Any]:
        """Return the row as a data frame in pandas' split form."""
        return {"columns": list(self.named), "data": [self.row]}

    @property
    def csv(self) -> str:
        """Return the row as a CSV file."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([list(self.named), self.row])
        return text.getvalue()


def example(model: Model) -> Example:
    """Return the first golden row without gaps, or the first of all."""
    golden = model.manifest.golden
    place = next((place for place, row in enumerate(golden.rows) if None not in row), 0)
    features = model.signature.features
    row = [
        _as_integer(cell) if feature.type == "integer" else cell
        for feature, cell in zip(features, golden.rows[place], strict=True)
    ]
    prediction = golden.predict[place]
    if model.signature.targets[0].whole:
        prediction = (
            [_as_integer(each) for each in prediction] if isinstance(prediction, list) else _as_integer(prediction)
        )
    predictions = [[prediction] if model.signature.column else prediction]
    return Example(row, dict(zip(model.signature.names, row, strict=True)), prediction, predictions)


def _as_integer(cell: Any) -> Any:
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell

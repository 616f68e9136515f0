"""A table of rows becomes columns of answers, and a list of what is wrong with the rows that have none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from model.batch.columns import Columns
from model.errors import one_line
from model.runtime.base import BATCH_ROWS, Model, RefusedRow
from model.runtime.effects import effects, varied
from model.runtime.estimator import height, take
from model.schema.rows import Table
from model.schema.signature import Label, Problem, SignatureError
from model.user_error import UserError

_FEW_ROWS = 64
"""Asked at once where a model takes one row at a time, so that whoever waits sees how far it is."""
_TYPES = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}


@dataclass(frozen=True)
class Wanted:
    """What is wanted beside the predictions."""

    proba: bool = False
    labels: bool = False
    explain: bool = False


@dataclass(frozen=True)
class Scored:
    """The answers to the good rows of a table, in their order."""

    good: NDArray[np.intp] | None
    """The places of the good rows; None if all are."""
    columns: list[pa.Array]
    problems: list[Problem]
    """What is wrong with the others; a row's number is its place in the table."""


class Scorer:
    """Answer tables with one model; raises a UserError if it cannot give what is wanted."""

    def __init__(self, model: Model, wanted: Wanted) -> None:
        self.model, self.wanted = model, wanted
        _require(model, wanted)
        self.fields = [pa.field(name, kind) for name, kind in _fields(model, wanted)]
        self._titles = [
            dict(zip(target.classes or (), target.titles or map(str, target.classes or ()), strict=True))
            for target in model.signature.targets
        ]

    def columns(self, schema: pa.Schema, source: str, *, text: bool = False) -> Columns:
        """Return how to read tables of this schema; the texts of a CSV file are read as their features' types."""
        names = [name.strip() if text else name for name in schema.names]
        for field in self.fields:
            if field.name in names:
                raise UserError(f"{source} has a column named {field.name!r} already: rename it")
        return Columns(self.model, schema, source, text=text)

    def score(self, columns: Columns, table: pa.Table, count: Callable[[int], None] = lambda _rows: None) -> Scored:
        """Return the answers to the rows of a table; count gets the number of rows of each batch."""
        read = columns.read(table)
        rows, good, problems = read.rows, None, read.problems
        if problems:
            kept = np.ones(table.num_rows, dtype=bool)
            kept[[fault.row or 0 for fault in problems]] = False
            good = np.flatnonzero(kept)
            rows = take(rows, good)
        answers, refused = self._answers(rows, count)
        if refused:
            places = np.arange(table.num_rows) if good is None else good
            kept = np.ones(len(places), dtype=bool)
            kept[list(refused)] = False
            faults = [Problem("answer", text, int(places[place])) for place, text in refused.items()]
            problems = sorted([*problems, *faults], key=lambda fault: fault.row or 0)
            good = places[kept]
        return Scored(good, self._arrays(answers), problems)

    def _answers(self, rows: Table, count: Callable[[int], None]) -> tuple[list[list[NDArray[Any]]], dict[int, str]]:
        """Return the answers in batches, and why some rows have none."""
        answers, refused = [], {}
        most = _FEW_ROWS if self.model.manifest.input.alone else BATCH_ROWS
        for start in range(0, height(rows), most):
            part = take(rows, slice(start, start + most))
            try:
                answers.append(self._ask(part))
            except (RefusedRow, SignatureError):
                # Which rows it was is found out one by one, so that the others do not suffer.
                for place in range(height(part)):
                    try:
                        answers.append(self._ask(take(part, slice(place, place + 1))))
                    except (RefusedRow, SignatureError) as error:
                        refused[start + place] = _reason(error)
            count(height(part))
        return answers, refused

    def _ask(self, rows: Table) -> list[NDArray[Any]]:
        """Return all columns that are wanted, for rows that were read."""
        predictions = self.model.predict(rows)
        found = list(predictions.T) if predictions.ndim == 2 else [predictions]
        if self.wanted.labels:
            found += [
                np.array([titles[label] for label in column.tolist()], dtype=object)
                for titles, column in zip(self._titles, found, strict=True)
            ]
        if self.wanted.proba:
            found += [column for table in self.model.predict_proba(rows) for column in table.T]
        if self.wanted.explain:
            found += list(effects(self.model, rows, predictions).effects.T)
        return found

    def _arrays(self, answers: list[list[NDArray[Any]]]) -> list[pa.Array]:
        if not answers:
            return [pa.array([], field.type) for field in self.fields]
        columns = [np.concatenate(parts) for parts in zip(*answers, strict=True)]
        return [pa.array(column, field.type) for column, field in zip(columns, self.fields, strict=True)]

    def options(self) -> dict[str, bool]:
        """Return what is wanted, for a record."""
        return asdict(self.wanted)


def _require(model: Model, wanted: Wanted) -> None:
    signature = model.signature
    if wanted.proba and not signature.proba:
        raise UserError(f"{model.name} gives no probabilities: leave --proba out")
    if wanted.labels and any(target.classes is None for target in signature.targets):
        raise UserError(f"{model.name} predicts numbers, which have no labels: leave --labels out")
    if wanted.explain and len(signature.targets) != 1:
        raise UserError(f"{model.name} has several targets, and only one can be explained: leave --explain out")
    if wanted.explain and not varied(model):
        raise UserError(f"{model.name} knows no typical values to explain with: leave --explain out")


def _fields(model: Model, wanted: Wanted) -> list[tuple[str, pa.DataType]]:
    """Return the names and types of the columns that are added, in their order."""
    targets = model.signature.targets
    many = len(targets) > 1
    kinds = [_type(target.classes) for target in targets]
    found = list(zip(model.signature.prediction_names, kinds, strict=True))
    if wanted.labels:
        found += [(f"label_{target.name}" if many else "label", pa.string()) for target in targets]
    if wanted.proba:
        found += [
            (f"probability_{target.name}_{label}" if many else f"probability_{label}", pa.float64())
            for target in targets
            for label in target.classes or ()
        ]
    if wanted.explain:
        found += [(f"effect_{model.signature.names[place]}", pa.float64()) for place in varied(model)]
    return found


def _type(classes: tuple[Label, ...] | None) -> pa.DataType:
    """Return the Arrow type of a target: numbers are floats, also where all are whole."""
    kinds = {type(label) for label in classes or ()}
    return _TYPES[kinds.pop()] if len(kinds) == 1 else pa.float64() if kinds <= {int, float, bool} else pa.string()


def _reason(error: RefusedRow | SignatureError) -> str:
    if isinstance(error, SignatureError):
        return error.problems[0].message
    return f"the model refuses it: {one_line(error.__cause__)}" if error.__cause__ else "the model refuses it"

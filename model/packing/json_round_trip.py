"""A row of the data, sent as JSON, must be answered as the same row of the data frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from model.packing.data import PackError, listed
from model.proof.compare import TOLERANCE, Answers, complete, errors, spread
from model.proof.forms import by_row
from model.runtime.estimator import Estimator, dense, take
from model.schema.readers import reader
from model.schema.rows import Table
from model.schema.signature import SignatureError

_MOST, _MOST_ALONE = 200, 30


def require_same_answers(model: Estimator, rows: pd.DataFrame, table: Table) -> None:
    """Raise a PackError if the way through JSON changes what the estimator sees."""
    places = np.random.default_rng(0).permutation(len(rows))[: _MOST_ALONE if model.form.alone else _MOST]
    groups = [[place] for place in places.tolist()] if model.form.alone else [places.tolist()]
    for group in groups:
        _require(model, rows.iloc[group], take(table, group))


def _require(model: Estimator, frame: pd.DataFrame, table: Table) -> None:
    try:
        given = reader(model.signature, model.form)(by_row(table, model.signature))
    except SignatureError as error:
        raise PackError(f"a row of the data cannot be sent as JSON: {error}") from None
    expected = _answers(model, _as_training_had_it(model, frame, table))
    try:
        found = _answers_of(model, model.predict(given))
    except Exception as error:
        raise PackError(_otherwise(model, error)) from error
    scale = spread(model.signature, expected)
    if (errors(model.signature, expected, found, scale) > TOLERANCE).any():
        raise PackError(_otherwise(model, None))


def _as_training_had_it(model: Estimator, frame: pd.DataFrame, table: Table) -> Any:
    kind = model.form.kind
    if kind == "matrix":
        return table
    if kind == "texts":
        return frame.iloc[:, 0]
    return frame if kind == "frame" else frame.to_numpy(dtype=object)


def _answers(model: Estimator, given: Any) -> Answers:
    return _answers_of(model, dense(model.estimator.predict(given)))


def _answers_of(model: Estimator, predict: Any) -> Answers:
    table = np.asarray(predict).reshape(-1, len(model.signature.targets))
    return complete(table, [])


def _otherwise(model: Estimator, error: Exception | None) -> str:
    odd = [f"{each.name} ({each.dtype or each.type})" for each in model.signature.features]
    why = f" ({type(error).__name__})" if error is not None else ""
    return (
        f"the model answers a row differently when it comes as JSON{why}: the types of its columns are lost on the "
        "way, or its own code depends on chance, the time or the frame's index. The columns were taken for "
        f"{listed(odd)}; --types COLUMN=TYPE changes that for a CSV, a data frame or Parquet keeps them"
    )

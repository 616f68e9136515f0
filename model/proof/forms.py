"""Ask the other forms of a model: the compiled copy, and the compact form one row at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.proof.compare import Answers, complete
from model.runtime.compact.answer import Row
from model.runtime.compact.whole import Whole
from model.runtime.estimator import height, take
from model.runtime.onnx import PREDICT, PROBA, open_session, runner
from model.schema.input_form import Input
from model.schema.rows import Table
from model.schema.signature import MISSING_TEXT, Feature, Signature
from model.schema.values import has_zone, is_missing

_ALONE = 200
_WITH_UNKNOWN = 20
_UNKNOWN_TEXTS = ("", "never seen by anyone")


def copy_answers(content: bytes, signature: Signature, form: Input, rows: Table) -> Answers:
    """Return what a compiled copy answers: some rows alone, the others in one call."""
    session = open_session(content)
    inputs = [each.name for each in session.get_inputs()]
    alone = np.random.default_rng(0).permutation(height(rows))[:_ALONE]
    together = _run(session, inputs, signature, form, rows)
    for place in alone.tolist():
        one = _run(session, inputs, signature, form, take(rows, slice(place, place + 1)))
        together.predict[place] = one.predict[0]
        for table, single in zip(together.proba, one.proba, strict=True):
            table[place] = single[0]
    return together


def opened_copy(content: bytes, form: Input) -> Callable[[Table], NDArray[Any]]:
    """Return what asks a compiled copy for predictions, as the service does."""
    return partial(runner(open_session(content), form), [PREDICT])


def _run(session: Any, inputs: list[str], signature: Signature, form: Input, rows: Table) -> Answers:
    if isinstance(rows, dict):
        feed = {name: _as_input(rows[name], form.dtype) for name in inputs}
    else:
        with np.errstate(over="ignore"):
            feed = {inputs[0]: rows.astype(form.dtype)}
    predict, *proba = session.run([PREDICT, PROBA] if signature.proba else [PREDICT], feed)
    if proba and len(signature.targets) > 1:
        proba = list(proba[0])
    predict = predict.reshape(len(predict), -1)
    return complete(predict.copy(), [table.copy() for table in proba])


def _as_input(column: NDArray[Any], dtype: str) -> NDArray[Any]:
    if column.dtype != object:
        with np.errstate(over="ignore"):
            return column.astype(dtype)
    return np.array([[MISSING_TEXT if cell != cell else cell] for cell in column.ravel()], dtype=object)  # noqa: PLR0124


def compact_answers(
    answer: Row, signature: Signature, rows: Table, expected: Answers
) -> tuple[Answers, NDArray[np.bool_]]:
    """Return what a compact form answers, and which rows it leaves to the full model."""
    given = [answer(row) for row in by_row(rows, signature)]
    left_out = np.array([each is None for each in given], dtype=bool)
    predict = expected.predict.astype(expected.predict.dtype if expected.predict.dtype.kind == "f" else object)
    for place in np.flatnonzero(~left_out).tolist():
        predict[place, 0] = given[place]
    return complete(predict, []), left_out


def whole_answers(answering: Whole, signature: Signature, rows: Table, expected: Answers) -> Answers:
    """Return what a compact form answers that is asked for everything, and which rows it refuses."""
    given = by_row(rows, signature)
    labels = [answering.label(row) for row in given]
    refused = np.array([each is None for each in labels], dtype=bool)
    predict = expected.predict.astype(expected.predict.dtype if expected.predict.dtype.kind == "f" else object)
    proba = [table.copy() for table in expected.proba]
    for place in np.flatnonzero(~refused).tolist():
        predict[place, 0] = labels[place]
        if proba:
            proba[0][place] = answering.shares(given[place])
    return Answers(predict, proba, refused)


def answers_unknown(ask: Callable[[Any], object], signature: Signature, rows: Table) -> bool:
    """Tell whether a form answers rows like these with a value outside a feature's closed categories."""
    some = by_row(take(rows, slice(_WITH_UNKNOWN)), signature)
    return any(
        ask([*row[:place], value, *row[place + 1 :]]) is not None
        for place, feature in enumerate(signature.features)
        if feature.closed
        for value in _unknown(feature.categories or ())
        for row in some
    )


def _unknown(categories: Sequence[Any]) -> list[Any]:
    if categories and not isinstance(categories[0], str):
        drawn = [max(categories) + 1, min(categories) - 1, min(categories) + 0.5]
    else:
        drawn = list(_UNKNOWN_TEXTS)
    return [value for value in drawn if value not in categories]


def by_row(table: Table, signature: Signature) -> list[list[Any]]:
    """Return rows as lists of JSON values."""
    columns = table.values() if isinstance(table, dict) else np.asarray(table).T
    pairs = zip(signature.features, columns, strict=True)
    lists = [_json_values(np.asarray(column).ravel(), feature) for feature, column in pairs]
    return list(map(list, zip(*lists, strict=True)))


def _json_values(column: NDArray[Any], feature: Feature) -> list[Any]:
    if feature.type == "date":
        zone = "+00:00" if has_zone(feature) else ""
        return [None if np.isnat(cell) else f"{cell}{zone}" for cell in column.astype("datetime64[us]")]
    cells = column.tolist()
    if feature.type == "boolean":
        cells = [bool(cell) if cell in (0.0, 1.0) else cell for cell in cells]
    return [None if is_missing(cell) else cell for cell in cells]

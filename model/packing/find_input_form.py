"""The form in which an estimator takes its rows, found by asking."""

from __future__ import annotations

from typing import Any

import pandas as pd

from model.errors import one_line
from model.packing.data import PackError, fitted_on_frame, listed, names_of
from model.packing.known_code import looks_at_other_rows, own_code
from model.packing.request_rows import as_request_rows
from model.runtime.estimator import dense
from model.schema.input_form import Input
from model.schema.signature import Feature

_ANSWERS = ({int, float, bool}, {str})


def find_input_form(estimator: Any, rows: pd.DataFrame, features: tuple[Feature, ...]) -> tuple[Input, Any]:
    """Return the form in which the estimator takes its rows, and its answer to all of them as training had them."""
    errors: list[Exception] = []
    alone = looks_at_other_rows(estimator)
    for kind in _kinds(estimator, features):
        try:
            answer = dense(estimator.predict(_given(rows, features, kind)))
        except Exception as error:  # noqa: BLE001 - a foreign estimator raises what it likes
            errors.append(error)
            continue
        if answer.ndim in (1, 2) and len(answer) == len(rows) and answer.size:
            _require_answers(estimator, answer)
            return Input(kind=kind, alone=alone), answer
        errors.append(ValueError(f"it answers {len(rows)} rows in the shape {answer.shape}"))
    _require_no_gaps(estimator, rows, features)
    raise PackError(
        f"{type(estimator).__name__} cannot predict the rows of the data: {one_line(errors[0])}. Are its columns those "
        "of training? --target leaves one out, --types COLUMN=TYPE changes how one is read"
    ) from errors[0]


def _require_no_gaps(estimator: Any, rows: pd.DataFrame, features: tuple[Feature, ...]) -> None:
    """Raise a PackError that names the columns whose missing values the estimator refuses, if that is the reason."""
    gaps = [name for name in rows.columns if rows[name].isna().any()]
    for names in (*([name] for name in gaps), gaps):
        rest = rows.dropna(subset=names)
        if len(rest) < len(rows) and _takes(estimator, rest, features):
            text = next((each.name for each in features if each.name in names and each.type == "string"), None)
            more = f"; --types {text}=string reads an empty cell as an empty text, if training had that" if text else ""
            raise PackError(
                f"{type(estimator).__name__} takes no missing value of {listed(names)}, and {len(rows) - len(rest)} "
                f"rows of the data have one: leave these rows out{more}"
            )


def _takes(estimator: Any, rows: pd.DataFrame, features: tuple[Feature, ...]) -> bool:
    try:
        find_input_form(estimator, rows, features)
    except PackError:
        return False
    return True


def _require_answers(estimator: Any, answer: Any) -> None:
    """Refuse answers that JSON does not hold, or that cannot be compared."""
    kinds = {type(value) for value in answer.ravel().tolist()}
    if not any(kinds <= family for family in _ANSWERS):
        names = listed(sorted(kind.__name__ for kind in kinds))
        raise PackError(
            f"{type(estimator).__name__} answers with values of type {names}: only numbers, or only strings, are served"
        )
    if kinds == {str} and not hasattr(estimator, "classes_"):
        raise PackError(f"{type(estimator).__name__} answers with strings, but has no classes_ that name them all")


def _kinds(estimator: Any, features: tuple[Feature, ...]) -> list[Any]:
    """Return the forms to try: what is known from the fitted steps, else a frame first, as own code had it."""
    numeric = all(feature.type in ("number", "integer", "boolean") for feature in features)
    array = "matrix" if numeric and not any(feature.exact for feature in features) else "objects"
    text = ["texts"] if len(features) == 1 and features[0].type == "string" else []
    if names_of(estimator) is not None:
        return ["frame"]
    if fitted_on_frame(estimator):
        return ["frame", array]
    if own_code(estimator):
        return ["frame", *text, array]
    return [*text, array, "frame"]


def _given(rows: pd.DataFrame, features: tuple[Feature, ...], kind: str) -> Any:
    if kind == "frame":
        return rows
    if kind == "texts":
        return rows[features[0].name]
    if kind == "objects":
        return rows.to_numpy(dtype=object)
    return as_request_rows(rows, features)

"""Find out what an estimator takes and answers, from its fitted steps and from the types of its columns.

Whether it takes a missing value is asked of estimators whose steps are all known: there the answer does not depend on
the row. Own code is never asked: it gets every row, and refuses what it likes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from msgspec.structs import replace
from sklearn import base
from sklearn.utils import get_tags

from model.packing.data import PackError, listed
from model.packing.find_input_form import find_input_form
from model.packing.known_code import own_code
from model.packing.origins import Evidence, Origins
from model.packing.request_rows import as_request_rows
from model.packing.types import EXACT, feature_type
from model.runtime.estimator import Estimator, take
from model.schema.rows import Table
from model.schema.signature import Feature, Label, Signature, Target, Task
from model.schema.values import is_missing

# A column of strings with more values than this, or hardly any twice, is text and not a choice.
MOST_CATEGORIES = 50


@dataclass(frozen=True)
class Hints:
    """What neither the estimator nor the rows can tell."""

    targets: tuple[str, ...] = ()
    """One name for each target; without any, names are made up."""
    titles: tuple[str, ...] | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False


def describe(estimator: Any, rows: pd.DataFrame, hints: Hints) -> tuple[Estimator, Table]:
    """Return the estimator with its signature and form, and the rows as callers would send them."""
    names = [str(name) for name in rows.columns]
    if unknown := [name for name in hints.units if name not in names]:
        raise PackError(f"the unit of {unknown[0]!r}: the model has no such feature (it has {listed(names)})")
    origins = Origins(estimator, names)
    features = tuple(
        _feature(name, rows[column], evidence, hints.units.get(name))
        for name, column, evidence in zip(names, rows.columns, origins.evidence, strict=True)
    )
    rows = rows.set_axis(names, axis=1)
    form, answer = find_input_form(estimator, rows, features)
    signature = _signature(estimator, features, answer, hints)
    model = Estimator(estimator, signature, form)
    table = as_request_rows(rows, features)
    missing = _takes_missing(model, table, origins)
    features = tuple(replace(each, missing=takes) for each, takes in zip(features, missing, strict=True))
    return Estimator(estimator, replace(signature, features=features), form), table


def _feature(name: str, column: pd.Series[Any], evidence: Evidence, unit: str | None) -> Feature:
    kind = feature_type(name, column)
    there = column.dropna()
    feature = Feature(
        name=name, type=kind, dtype=_dtype(column, kind), unit=unit,
        null="none" if any(value is None for value in column[column.isna()].astype(object)) else "nan",
    )  # fmt: skip
    if isinstance(column.dtype, pd.CategoricalDtype):
        feature = replace(feature, categories=_present(column.dtype.categories.tolist()), closed=True)
    elif evidence.categories is not None:
        known = _present(evidence.categories)
        feature = replace(feature, categories=known if evidence.closed or kind == "string" else None)
        feature = replace(feature, closed=evidence.closed)
    elif kind == "string" and not evidence.text:
        feature = replace(feature, categories=_common(there))
    return _with_typical(feature, there)


def _with_typical(feature: Feature, there: pd.Series[Any]) -> Feature:
    if feature.type == "string":
        return replace(feature, typical=str(there.mode().iloc[0]) if feature.categories else None)
    if feature.type == "boolean":
        return replace(feature, typical=bool(there.mode().iloc[0]))
    if feature.type == "date":
        return replace(feature, typical=there.sort_values().iloc[len(there) // 2].isoformat())
    if isinstance(there.dtype, pd.CategoricalDtype):
        return replace(feature, typical=float(there.mode().iloc[0]))
    numbers = there.astype("float64")
    finite = numbers[np.isfinite(numbers)]
    if finite.empty:
        raise PackError(f"column {feature.name!r} has no finite number in any row")
    exact = feature.type == "integer" and float(finite.abs().max()) > EXACT
    low, high, typical = (float(value) for value in (finite.min(), finite.max(), _median(finite)))
    return replace(feature, exact=exact, low=low, high=high, typical=typical)


def _median(numbers: pd.Series[Any]) -> float:
    """Return the median, or the lower of two in the middle whose sum overflows."""
    with np.errstate(over="ignore"):
        median = float(numbers.median())
    return median if np.isfinite(median) else float(numbers.sort_values().iloc[(len(numbers) - 1) // 2])


def _dtype(column: pd.Series[Any], kind: str) -> str | None:
    """Return the name of a column's type, unless it is the plain one."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "category[ordered]" if column.dtype.ordered else "category"
    name = str(column.dtype)
    if "pyarrow" in name and name != "str":
        raise PackError(f"column {column.name!r} is of type {name}: convert it with astype first, or bring Parquet")
    plain = {"integer": "int64", "boolean": "bool", "number": "float64", "string": "object"}.get(kind)
    return None if name == plain else name


def _present(categories: Iterable[Any]) -> tuple[Label, ...]:
    """Return categories without a missing one."""
    return tuple(value for value in categories if not is_missing(value))


def _common(there: pd.Series[Any]) -> tuple[str, ...] | None:
    """Return the values of a column of few: what a form offers, never what is refused."""
    distinct = there.unique().tolist()
    return tuple(sorted(map(str, distinct))) if len(distinct) <= min(MOST_CATEGORIES, len(there) / 2) else None


def _takes_missing(model: Estimator, table: Table, origins: Origins) -> list[bool]:
    """Tell for each feature whether the estimator takes rows without it; features that are treated alike, once."""
    if model.form.alone and own_code(model.estimator):
        return [True] * len(model.signature.features)
    asked: dict[Any, bool] = {}
    found = []
    for place, feature in enumerate(model.signature.features):
        key = (origins.groups[place], feature.type, feature.dtype)
        if key not in asked:
            asked[key] = _takes(model, table, place)
        found.append(asked[key])
    return found


def _takes(model: Estimator, table: Table, place: int) -> bool:
    rows = take(table, slice(0, 2))
    feature = model.signature.features[place]
    nothing: Any = np.datetime64("NaT") if feature.type == "date" else None if feature.exact else np.nan
    if isinstance(rows, dict):
        rows = {name: column.copy() for name, column in rows.items()}
        rows[feature.name][:] = nothing
    else:
        rows = rows.copy()
        rows[:, place] = nothing
    try:
        model.predict(rows)
    except Exception:  # noqa: BLE001 - whatever it raises, it does not take the value
        return False
    return True


def _signature(estimator: Any, features: tuple[Feature, ...], answer: Any, hints: Hints) -> Signature:
    task = _task(estimator)
    return Signature(
        task=task,
        features=features,
        targets=_targets(estimator, answer, task, hints),
        proba=hasattr(estimator, "predict_proba") and task == "classification",
        column=answer.ndim == 2 and answer.shape[1] == 1,
    )


def _task(estimator: Any) -> Task:
    # A mixture of distributions predicts which of them a row belongs to.
    if base.is_clusterer(estimator) or get_tags(estimator).estimator_type == "density_estimator":
        return "clustering"
    if base.is_outlier_detector(estimator):
        return "outliers"
    if base.is_classifier(estimator) or (hasattr(estimator, "classes_") and not base.is_regressor(estimator)):
        return "classification"
    return "regression"


def _targets(estimator: Any, answer: Any, task: Task, hints: Hints) -> tuple[Target, ...]:
    many = answer.shape[1] if answer.ndim == 2 and answer.shape[1] > 1 else 0
    if hints.targets and len(hints.targets) != (many or 1):
        raise PackError(
            f"the model answers {many or 1} target{'s' * bool(many)}, but {len(hints.targets)} "
            f"({listed(hints.targets)}) {'are' if len(hints.targets) > 1 else 'is'} named: "
            "give each target once, with --target or as a column of y"
        )
    if not many:
        titles = ("outlier", "inlier") if task == "outliers" else hints.titles
        classes = _classes(estimator, answer, task, 0)
        return (Target(name=(hints.targets or ("prediction",))[0], classes=classes, titles=titles, whole=hints.whole),)
    names = hints.targets or [f"prediction_{i}" for i in range(many)]
    return tuple(Target(name=name, classes=_classes(estimator, answer, task, i, many)) for i, name in enumerate(names))


def _classes(estimator: Any, answer: Any, task: Task, position: int, many: int = 0) -> tuple[Label, ...] | None:
    if task == "regression":
        return None
    if task == "outliers":
        return (-1, 1)
    known = getattr(estimator, "classes_", None)
    if task == "clustering" or known is None:
        return tuple(np.unique(answer).tolist())
    if many:
        # A multi-label estimator that is no forest has one flat list of labels, each of them yes or no.
        return tuple(np.asarray(known[position]).tolist()) if isinstance(known, list) else (0, 1)
    return tuple(np.asarray(known[0] if isinstance(known, list) else known).ravel().tolist())

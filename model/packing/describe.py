"""Find out what an estimator takes and answers: from its own attributes, from rows of data, and by asking it.

What an estimator does with a missing value or a category it never saw is written nowhere, so it is tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn import base

from model.bundle.manifest import Input
from model.packing.table import PackError, column_types, neutral
from model.runtime.estimator import dense, parts, present
from model.schema.signature import Feature, Label, Signature, Target, Task

# A column of strings with more values than this, or hardly any twice, is text and not a choice.
MOST_CATEGORIES = 50
UNSEEN = "a category that no training row has"


@dataclass(frozen=True)
class Hints:
    """What neither the estimator nor the rows can tell."""

    target: str = "prediction"
    titles: tuple[str, ...] | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False


class Describer:
    """Ask one estimator about one table of rows."""

    def __init__(self, estimator: Any, rows: pd.DataFrame) -> None:
        self.estimator, self.rows = estimator, rows
        self.types = column_types(rows)
        self.names = tuple(self.types)
        self.table = neutral(rows, self.types)
        self.form, self.answer = self._form()

    def signature(self, hints: Hints) -> Signature:
        """Return the whole signature."""
        task = self._task()
        return Signature(
            task=task,
            features=self._features(hints),
            targets=self._targets(task, hints),
            proba=hasattr(self.estimator, "predict_proba") and task == "classification",
        )

    def _form(self) -> tuple[Input, Any]:
        """Return the form in which the estimator takes its rows, and its answer to all of them."""
        numeric = not isinstance(self.table, dict)
        kinds = ["frame"] if hasattr(self.estimator, "feature_names_in_") else ["matrix"] if numeric else ["frame"]
        if len(self.names) == 1 and not numeric:
            kinds.insert(0, "texts")
        error: Exception | None = None
        for kind in kinds:
            form = Input(kind=kind)  # type: ignore[arg-type]
            try:
                answer = dense(self.estimator.predict(present(self.table, self.names, form)))
            except Exception as failure:  # noqa: BLE001 - a foreign estimator raises what it likes
                error = failure
                continue
            if len(answer) == len(self.rows):
                return form, answer
        why = f": {' '.join(str(error).split())[:300]}" if error else ""
        raise PackError(f"the model cannot predict the rows of the data{why}")

    def _takes(self, name: str, value: object) -> bool:
        """Tell whether the model answers rows that have this value."""
        rows = neutral(self.rows.head(2), self.types)
        if isinstance(rows, dict):
            rows[name][:] = value
        else:
            rows[:, self.names.index(name)] = value
        try:
            self.estimator.predict(present(rows, self.names, self.form))
        except Exception:  # noqa: BLE001 - whatever it raises, it does not take the value
            return False
        return True

    def _features(self, hints: Hints) -> tuple[Feature, ...]:
        encoded = encoders(self.estimator, self.names)
        return tuple(self._feature(name, encoded.get(name), hints.units.get(name)) for name in self.names)

    def _feature(self, name: str, encoded: tuple[Any, ...] | None, unit: str | None) -> Feature:
        column, kind = self.rows[name], self.types[name]
        values = column.dropna()
        missing = self._takes(name, np.nan)
        if kind == "string":
            categories = None if self.form.kind == "texts" else (encoded or _categories(values))
            closed = categories is not None and not self._takes(name, UNSEEN)
            typical: Any = values.mode().iloc[0] if categories else None
            return Feature(
                name=name, type=kind, categories=categories, closed=closed, missing=missing, typical=typical, unit=unit
            )
        low, high = float(values.min()), float(values.max())
        closed = encoded is not None and not self._takes(name, high + 1.5)
        typical = bool(values.mode().iloc[0]) if kind == "boolean" else float(values.median())
        return Feature(
            name=name,
            type=kind,
            low=None if kind == "boolean" else low,
            high=None if kind == "boolean" else high,
            typical=typical,
            categories=encoded if closed else None,
            closed=closed,
            missing=missing,
            unit=unit,
        )

    def _task(self) -> Task:
        if base.is_clusterer(self.estimator):
            return "clustering"
        if base.is_outlier_detector(self.estimator):
            return "outliers"
        if base.is_classifier(self.estimator) or hasattr(self.estimator, "classes_"):
            return "classification"
        return "regression"

    def _targets(self, task: Task, hints: Hints) -> tuple[Target, ...]:
        many = self.answer.shape[1] if self.answer.ndim == 2 and self.answer.shape[1] > 1 else 0
        if not many:
            titles = ("outlier", "inlier") if task == "outliers" else hints.titles
            return (Target(name=hints.target, classes=self._classes(task, 0), titles=titles, whole=hints.whole),)
        return tuple(Target(name=f"{hints.target}_{i}", classes=self._classes(task, i, many)) for i in range(many))

    def _classes(self, task: Task, position: int, many: int = 0) -> tuple[Label, ...] | None:
        if task == "regression":
            return None
        if task == "outliers":
            return (-1, 1)
        known = getattr(self.estimator, "classes_", None)
        if task == "clustering" or known is None:
            return tuple(np.unique(self.answer).tolist())
        if many:
            # A multi-label estimator that is no forest has one flat list of labels, each of them yes or no.
            return tuple(np.asarray(known[position]).tolist()) if isinstance(known, list) else (0, 1)
        return tuple(np.asarray(known).ravel().tolist())


def encoders(estimator: Any, names: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    """Return the categories that each encoder inside the estimator knows, by column."""
    found: dict[str, tuple[Any, ...]] = {}
    for part in parts(estimator):
        for _, transformer, columns in getattr(part, "transformers_", ()):
            where = [names[c] if isinstance(c, int | np.integer) else c for c in _positions(columns, names)]
            found |= _known(transformer, where)
    return found or _known(estimator, list(names))


def _positions(columns: Any, names: tuple[str, ...]) -> list[Any]:
    if isinstance(columns, str | int):
        return [columns]
    if isinstance(columns, slice):
        return list(names[columns]) if not isinstance(columns.start, str) else []
    if len(columns) and isinstance(columns[0], bool | np.bool_):
        return [name for name, taken in zip(names, columns, strict=True) if taken]
    return list(columns)


def _known(transformer: Any, columns: list[str]) -> dict[str, tuple[Any, ...]]:
    for part in parts(transformer):
        categories = getattr(part, "categories_", None)
        if isinstance(categories, list) and len(categories) == len(columns):
            pairs = zip(columns, categories, strict=True)
            return {name: tuple(v for v in np.asarray(c).tolist() if v == v and v is not None) for name, c in pairs}  # noqa: PLR0124
    return {}


def _categories(values: pd.Series[Any]) -> tuple[str, ...] | None:
    distinct = values.unique().tolist()
    return tuple(sorted(distinct)) if len(distinct) <= min(MOST_CATEGORIES, len(values) / 2) else None

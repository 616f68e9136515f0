"""Which feature each column of an encoder is, and which features are refused when their value is not a known one.

Columns are followed through steps that keep them apart; what any other step computes has no origin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import compose, feature_extraction, impute, pipeline, preprocessing
from sklearn.feature_selection import SelectorMixin

from model.schema.values import is_missing
from model.trees.read import categories_of, library_of

Origin = int | None
"""The place of the feature whose own values a column holds, or None for a computed one."""

_ENCODERS = (preprocessing.OneHotEncoder, preprocessing.OrdinalEncoder, preprocessing.TargetEncoder)
_TEXTS = (
    feature_extraction.text.CountVectorizer,
    feature_extraction.text.TfidfVectorizer,
    feature_extraction.text.HashingVectorizer,
)
_NUMERIC = (
    preprocessing.StandardScaler, preprocessing.MinMaxScaler, preprocessing.MaxAbsScaler, preprocessing.RobustScaler,
    preprocessing.QuantileTransformer, preprocessing.PowerTransformer, preprocessing.Binarizer,
    preprocessing.KBinsDiscretizer, preprocessing.PolynomialFeatures, preprocessing.SplineTransformer,
    preprocessing.Normalizer, impute.KNNImputer,
)  # fmt: skip
_INSIDE = ("best_estimator_", "estimator_", "regressor_")
_SEVERAL_INSIDE = ("estimators_", "calibrated_classifiers_")


@dataclass
class Evidence:
    """What the fitted steps show about a feature."""

    categories: tuple[Any, ...] | None = None
    """The values that an encoder knows, missing ones among them."""
    closed: bool = False
    text: bool = False
    """A step takes its words apart."""
    numeric: bool = False
    """A step computes with it."""
    label: bool = False
    """A step takes it for a category, whatever its values look like."""
    frame_categories: tuple[Any, ...] | None = None
    """The categories of the pandas column that training had, in their order."""


class Origins:
    """Follow an estimator's features through its steps."""

    def __init__(self, estimator: Any, names: Sequence[str]) -> None:
        self.names = [str(name) for name in names]
        self.evidence = [Evidence() for _ in names]
        self.groups: list[tuple[Any, ...]] = [() for _ in names]
        """Features in one group are treated alike by every step."""
        self.refuses_computed = False
        last = self._through(estimator, list(range(len(names))))
        for origin in last:
            if origin is not None:
                self.evidence[origin].numeric = True

    def _through(self, step: Any, columns: list[Origin]) -> list[Origin]:
        if isinstance(step, pipeline.Pipeline):
            for _, each in step.steps:
                columns = self._through(each, columns)
            return columns
        if step is None or isinstance(step, str):
            return columns if step != "drop" else []
        if isinstance(step, compose.ColumnTransformer):
            return self._columns(step, columns)
        if isinstance(step, pipeline.FeatureUnion):
            return [origin for _, each in step.transformer_list for origin in self._through(each, columns)]
        if library_of(step):
            return self._library(step, columns)
        if isinstance(step, _ENCODERS):
            return self._encoder(step, columns)
        if isinstance(step, impute.SimpleImputer):
            return self._imputer(step, columns)
        return self._other(step, columns)

    def _other(self, step: Any, columns: list[Origin]) -> list[Origin]:
        inner = _fitted_inside(step, len(columns))
        for each in inner:
            for origin in self._through(each, columns):
                if origin is not None:
                    self.evidence[origin].numeric = True
        if inner:
            return [None] * len(columns)
        if isinstance(step, preprocessing.FunctionTransformer) and step.func is None:
            return columns
        if isinstance(step, _TEXTS):
            return self._mark(columns, "text")
        if isinstance(step, SelectorMixin) and len(columns) == len(step.get_support()):
            return [columns[place] for place in np.flatnonzero(step.get_support()).tolist()]
        if isinstance(step, _NUMERIC):
            return self._mark(columns, "numeric")
        if hasattr(step, "predict") and type(step).__module__.startswith("sklearn."):
            return columns
        return [None] * len(columns)

    def _library(self, step: Any, columns: list[Origin]) -> list[Origin]:
        known = categories_of(step)
        labels = step.get_cat_feature_indices() if library_of(step) == "catboost" else ()
        for place, origin in enumerate(columns):
            if origin is None:
                continue
            evidence = self.evidence[origin]
            evidence.frame_categories = known.get(place, evidence.frame_categories)
            evidence.label |= place in labels
            evidence.numeric |= place not in known and place not in labels
            self.groups[origin] += ((id(step), place in known, place in labels),)
        return [None] * len(columns)

    def _mark(self, columns: list[Origin], kind: str) -> list[Origin]:
        for origin in columns:
            if origin is not None:
                setattr(self.evidence[origin], kind, True)
        return [None] * len(columns)

    def _columns(self, step: Any, columns: list[Origin]) -> list[Origin]:
        found: list[Origin] = []
        places = step._transformer_to_input_indices  # noqa: SLF001 - names, masks and slices, as fit resolved them
        for name, each, _ in step.transformers_:
            picked = [columns[place] for place in places.get(name, []) if place < len(columns)]
            for origin in picked:
                if origin is not None:
                    self.groups[origin] += ((id(step), name),)
            if picked and each != "drop":
                found += self._through(each, picked)
        return found

    def _imputer(self, step: Any, columns: list[Origin]) -> list[Origin]:
        kept = [not is_missing(value) for value in step.statistics_.tolist()]
        if len(kept) != len(columns):
            return [None] * len(columns)
        numeric = step.statistics_.dtype.kind in "iuf"
        if numeric:
            self._mark(columns, "numeric")
        found = [origin for origin, keep in zip(columns, kept, strict=True) if keep or step.keep_empty_features]
        return found + [None] * (len(step.indicator_.features_) if step.add_indicator else 0)

    def _encoder(self, step: Any, columns: list[Origin]) -> list[Origin]:
        refuses = getattr(step, "handle_unknown", "ignore") == "error"
        if len(step.categories_) != len(columns):
            self.refuses_computed |= refuses
            return [None] * len(columns)
        for origin, categories in zip(columns, step.categories_, strict=True):
            if origin is None:
                self.refuses_computed |= refuses
                continue
            evidence = self.evidence[origin]
            known = tuple(categories.tolist())
            if refuses and evidence.closed:
                # One encoder of several, each fitted on another part of the rows: what one refuses is refused.
                evidence.categories = tuple(value for value in evidence.categories or () if value in known)
            elif evidence.categories is None or refuses:
                evidence.categories = known
            evidence.closed |= refuses
            self.groups[origin] += ((id(step), any(map(is_missing, known))),)
        return [None] * len(columns)


def _fitted_inside(step: Any, width: int) -> list[Any]:
    """Return the fitted estimators inside one, as far as they take the same columns."""
    own = vars(step)
    found = [own[name] for name in _INSIDE if name in own]
    for name in _SEVERAL_INSIDE:
        found += [getattr(each, "estimator", each) for each in _flat(own.get(name, ()))]
    return [each for each in found if hasattr(each, "get_params") and getattr(each, "n_features_in_", -1) == width]


def _flat(found: Any) -> list[Any]:
    """Return the estimators of a list, an array, or lists within lists."""
    if isinstance(found, np.ndarray | list | tuple):
        return [each for part in found for each in _flat(part)]
    return [found]

"""What each known step makes of its columns, read from its fitted parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import (
    RFE,
    RFECV,
    GenericUnivariateSelect,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    SequentialFeatureSelector,
    VarianceThreshold,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from model.packing.compact.columns import (
    Column,
    Document,
    Lookup,
    Mixture,
    Number,
    Operation,
    Text,
    Underivable,
    fill_missing,
    is_nan,
    refuse_missing,
    spans,
    width,
)
from model.packing.compact.encoders import one_hot, ordinal
from model.packing.compact.scalers import after, elementwise, max_abs, min_max, robust, standard
from model.packing.compact.texts import counted, counted_and_weighted, hashed, takes_texts, weighted_by_rarity
from model.schema.values import is_missing

Columns = list[Column]
_SELECTORS = (
    GenericUnivariateSelect, RFE, RFECV, SelectFdr, SelectFpr, SelectFromModel, SelectFwe, SelectKBest,
    SelectPercentile, SequentialFeatureSelector, VarianceThreshold,
)  # fmt: skip
_MOST_PARTS = 2_000_000


def through(step: Any, columns: Columns) -> Columns:
    """Return what comes out of a step, or raise Underivable."""
    if step is None or step == "passthrough":
        return columns
    handler = _HANDLERS.get(type(step))
    if handler is None or (type(step) not in _TAKE_TERMS and any(isinstance(each, Document) for each in columns)):
        raise Underivable(type(step).__name__)
    if getattr(step, "n_features_in_", width(columns)) != width(columns):
        raise Underivable(f"{type(step).__name__} over another number of columns")
    return handler(step, columns)


def _pipeline(step: Any, columns: Columns) -> Columns:
    for _, each in step.steps:
        columns = through(each, columns)
    return columns


def _union(step: Any, columns: Columns) -> Columns:
    weights = step.transformer_weights or {}
    found: Columns = []
    for name, each in step.transformer_list:
        if each != "drop":
            found += _weighted(through(each, columns), weights.get(name))
    return found


def _column_transformer(step: Any, columns: Columns) -> Columns:
    weights = step.transformer_weights or {}
    places = step._transformer_to_input_indices  # noqa: SLF001 - names, masks and slices, resolved when it was fitted
    found: Columns = []
    for name, each, which in step.transformers_:
        if each == "drop" or not len(places[name]):
            continue
        picked = [columns[place] for place in places[name]]
        # A vectorizer gets texts from a column, and the columns' names from a table of one.
        if not isinstance(which, str | int | np.integer) and takes_texts(each):
            raise Underivable("texts from a table")
        found += _weighted(through(each, picked), weights.get(name))
    return found


def _weighted(columns: Columns, weight: float | None) -> Columns:
    return columns if weight is None else [after(column, Operation("multiply", float(weight))) for column in columns]


def _identity(step: Any, columns: Columns) -> Columns:
    if step.func is not None or step.validate:
        raise Underivable("FunctionTransformer")
    return columns


def _imputer(step: Any, columns: Columns) -> Columns:
    if not is_nan(step.missing_values) and step.missing_values is not None:
        raise Underivable("SimpleImputer of a value other than NaN")
    if any(map(is_missing, step.statistics_.tolist())):
        raise Underivable("SimpleImputer that drops a column")
    found = [_filled(column, filler) for column, filler in zip(columns, step.statistics_.tolist(), strict=True)]
    if step.add_indicator:
        found += [_indicator(columns[place]) for place in step.indicator_.features_.tolist()]
    return found


def _filled(column: Column, filler: Any) -> Column:
    if isinstance(column, Text):
        return Text(column.feature, filler) if is_nan(column.missing) else column
    return fill_missing(column, float(filler))


def _indicator(column: Column) -> Column:
    if isinstance(column, Text) and is_nan(column.missing):
        return Lookup(column.feature, {}, 0.0, 1.0)
    if isinstance(column, Number) and is_nan(column.missing):
        return Number(column.feature, (Operation("multiply", 0.0),), 1.0)
    raise Underivable("an indicator of what was filled before")


def _selected(step: Any, columns: Columns) -> Columns:
    support = step.get_support()
    found: Columns = []
    for column, places in spans(columns):
        if isinstance(column, Document):
            found.append(column.picked(support[places]))
        elif support[places].all():
            found.append(refuse_missing(column))
    return found


def _pca(step: Any, columns: Columns) -> Columns:
    found = _product(step.components_, columns)
    moved = (step.mean_ @ step.components_.T).tolist()
    found = [after(column, Operation("subtract", shift)) for column, shift in zip(found, moved, strict=True)]
    if step.whiten:
        scale = np.sqrt(step.explained_variance_)
        scale[scale < np.finfo(scale.dtype).eps] = np.finfo(scale.dtype).eps
        return elementwise(found, ("divide", scale))
    return found


def _svd(step: Any, columns: Columns) -> Columns:
    return _product(step.components_, columns)


def _product(weights: Any, columns: Columns) -> Columns:
    if weights.size * max(1, *(len(_parts(column)) for column in columns)) > _MOST_PARTS:
        raise Underivable("too many sums of features")
    inputs = [refuse_missing(column) for column in columns]
    return [_mixture(inputs, row) for row in np.asarray(weights, dtype=np.float64).tolist()]


def _mixture(columns: Sequence[Column], weights: Sequence[float]) -> Mixture:
    parts: list[Any] = []
    constant = 0.0
    for column, weight in zip(columns, weights, strict=True):
        parts += [(part, each * weight) for part, each in _parts(column)]
        constant += column.constant * weight if isinstance(column, Mixture) else 0.0
    return Mixture(tuple(parts), constant)


def _parts(column: Column) -> Sequence[tuple[Any, float]]:
    if isinstance(column, Text):
        raise Underivable("arithmetic on strings")
    return column.parts if isinstance(column, Mixture) else ((column, 1.0),)


_HANDLERS: dict[type, Callable[[Any, Columns], Columns]] = {
    ColumnTransformer: _column_transformer,
    CountVectorizer: counted,
    FeatureUnion: _union,
    FunctionTransformer: _identity,
    HashingVectorizer: hashed,
    MaxAbsScaler: max_abs,
    MinMaxScaler: min_max,
    OneHotEncoder: one_hot,
    OrdinalEncoder: ordinal,
    PCA: _pca,
    Pipeline: _pipeline,
    RobustScaler: robust,
    SimpleImputer: _imputer,
    StandardScaler: standard,
    TfidfTransformer: weighted_by_rarity,
    TfidfVectorizer: counted_and_weighted,
    TruncatedSVD: _svd,
    **dict.fromkeys(_SELECTORS, _selected),
}
_TAKE_TERMS = (
    FunctionTransformer, MaxAbsScaler, Pipeline, RobustScaler, StandardScaler, TfidfTransformer, *_SELECTORS
)  # fmt: skip

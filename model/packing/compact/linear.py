"""Linear models as sums of one term a feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from model.packing.compact.columns import (
    Column,
    Document,
    Lookup,
    Missing,
    Mixture,
    Number,
    Text,
    Underivable,
    refuse_missing,
    spans,
    width,
)
from model.packing.compact.documents import weighted
from model.packing.compact.models import as_taken, parameters, probability
from model.runtime.compact.documents import ROUNDING
from model.runtime.compact.form import Document as Weighted
from model.runtime.compact.form import Link, Sum, Term
from model.schema.signature import Feature
from model.schema.values import is_missing

_LARGEST_SCORE = 1e300

Vector = NDArray[np.float64]


def linear(last: Any, columns: list[Column], features: Sequence[Feature]) -> Sum:
    """Return the sum that a fitted linear model computes over these columns."""
    coefficients, intercepts, link = parameters(last)
    columns = as_taken(last, columns)
    if (
        coefficients.shape[1] != width(columns)
        or not np.isfinite(coefficients).all()
        or not np.isfinite(intercepts).all()
    ):
        raise Underivable(f"{type(last).__name__} with parameters that are not finite numbers")
    gathered = _Gathered(len(features), len(intercepts))
    for column, places in spans(columns):
        if isinstance(column, Document):
            gathered.document(column, coefficients[:, places].T)
        else:
            gathered.add(refuse_missing(column), coefficients[:, places.start])
    form = gathered.form(intercepts, link)
    known = probability(last) if form.documents else None
    return replace(form, terms=tuple(map(_of_type, form.terms, features)), probability=known)


def _of_type(term: Term, feature: Feature) -> Term:
    """Return the term of a feature; one of strings that no step uses adds nothing, whatever it holds."""
    if feature.type != "string" or term.by_category:
        return term
    return Term(categories={}, unknown=term.weights, missing=term.missing)


@dataclass
class _Feature:
    """What one feature adds: by weight, by category, or by both, which cannot be derived."""

    weights: Vector | None = None
    center: float | None = None
    constant: Vector | float = 0.0
    lookups: list[tuple[Lookup, Vector]] = field(default_factory=list)
    missing: Vector | float | None = 0.0


class _Gathered:
    """The terms of a sum, while its columns are added up."""

    def __init__(self, features: int, scores: int) -> None:
        self.features = [_Feature() for _ in range(features)]
        self.constant = np.zeros(scores)
        self.size = np.zeros(scores)
        """The sum of all that is added, each without its sign: what rounding is relative to."""
        self.documents: list[Weighted] = []
        self.slope = np.zeros(scores)
        """The same for what a row's numbers are multiplied with."""

    def add(self, column: Column, weights: Vector) -> None:
        """Add one column, weighted for each score."""
        if isinstance(column, Text | Document):
            raise Underivable("arithmetic on strings")
        if isinstance(column, Mixture):
            self._constant(weights * column.constant)
            for part, weight in column.parts:
                self.add(part, weights * weight)
        elif isinstance(column, Number):
            self._number(column, weights)
        else:
            self._lookup(column, weights)

    def document(self, column: Document, weights: Vector) -> None:
        """Add the terms of a text, one row of weights each; no text is no answer."""
        self.documents.append(weighted(column, weights))
        self.features[column.feature].missing = None

    def _constant(self, values: Vector) -> None:
        self.constant = self.constant + values
        self.size = self.size + np.abs(values)

    def _number(self, column: Number, weights: Vector) -> None:
        slope, center, constant = _affine(column)
        feature = self.features[column.feature]
        if feature.center is None:
            feature.center = center
        self._constant(weights * (constant + slope * (feature.center - center)))
        feature.weights = weights * slope if feature.weights is None else feature.weights + weights * slope
        self.slope = self.slope + np.abs(weights * slope)
        self.size = self.size + np.abs(weights * slope * center)
        filled = _missing(column.missing)
        added = None if filled is None else weights * (filled - constant - slope * (feature.center - center))
        feature.missing = _sum(feature.missing, added)

    def _lookup(self, column: Lookup, weights: Vector) -> None:
        feature = self.features[column.feature]
        feature.lookups.append((column, weights))
        largest = max(map(abs, (*column.values.values(), column.unknown or 0.0, column.missing or 0.0)), default=0.0)
        self.size = self.size + np.abs(weights) * largest
        filled = _missing(column.missing)
        feature.missing = _sum(feature.missing, None if filled is None else weights * filled)

    def form(self, intercepts: Vector, link: Link) -> Sum:
        """Return the sum."""
        self._constant(intercepts)
        if not np.isfinite(self.size).all() or not np.isfinite(self.slope).all():
            raise Underivable("parameters that are not finite numbers")
        terms = tuple(_term(feature, len(intercepts)) for feature in self.features)
        unit = ROUNDING * (len(terms) + 8)
        slope, size = float(self.slope.max()), float(self.size.max())
        return Sum(
            intercepts=tuple(self.constant.tolist()), terms=terms, link=link,
            limit=_LARGEST_SCORE / max(1.0, slope), margin=(unit * slope, unit * size),
            documents=tuple(self.documents),
        )  # fmt: skip


def _term(feature: _Feature, scores: int) -> Term:
    missing = _vector(feature.missing, scores)
    if not feature.lookups:
        weights = np.zeros(scores) if feature.weights is None else feature.weights
        return Term(weights=tuple(weights.tolist()), center=feature.center or 0.0, missing=missing)
    if feature.weights is not None:
        raise Underivable("a feature that is both weighted and encoded")
    known = set(feature.lookups[0][0].values)
    for lookup, _ in feature.lookups:
        known |= set(lookup.values)
    table = {key: _looked_up(feature, key, scores) for key in sorted(known)}
    unknown = _looked_up(feature, None, scores)
    kept = {key: value for key, value in table.items() if value is not None}
    if len(kept) < len(table) and unknown is not None:
        raise Underivable("a feature that is encoded in two ways")
    if all(isinstance(key, str) for key in known):
        return Term(categories={str(key): value for key, value in kept.items()}, unknown=unknown, missing=missing)
    return Term(codes=tuple((float(key), value) for key, value in kept.items()), unknown=unknown, missing=missing)


def _looked_up(feature: _Feature, key: Any, scores: int) -> tuple[float, ...] | None:
    found: Vector | float | None = np.zeros(scores)
    for lookup, weights in feature.lookups:
        code = _missing(lookup.values.get(key, lookup.unknown))
        found = _sum(found, None if code is None else weights * code)
    return _vector(found, scores)


def _affine(column: Number) -> tuple[float, float, float]:
    """Return slope, center and constant of slope * (x - center) + constant."""
    slope, center, constant = 1.0, 0.0, 0.0
    for operation in column.operations:
        number = operation.operand
        if operation.kind == "subtract" and (slope, center, constant) == (1.0, 0.0, 0.0):
            center = number
        elif operation.kind in ("subtract", "add"):
            constant = operation(constant)
        elif operation.kind in ("multiply", "divide"):
            slope, constant = operation(slope), operation(constant)
        else:
            raise Underivable("a step that clips")
    return slope, center, constant


def _missing(value: Missing) -> float | None:
    """Return a number, or None where the row is refused: no linear model takes NaN."""
    return None if is_missing(value) else value


def _sum(one: Vector | float | None, other: Vector | float | None) -> Vector | float | None:
    return None if one is None or other is None else one + other


def _vector(values: Vector | float | None, scores: int) -> tuple[float, ...] | None:
    if values is None:
        return None
    return tuple(np.broadcast_to(np.asarray(values, dtype=np.float64), (scores,)).tolist())

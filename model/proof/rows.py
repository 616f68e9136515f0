"""Rows drawn by somebody who wants to see a form of a model answer wrongly.

Far beyond training on both sides, at and around every number in a fitted step, strings nobody trained on, pairs of
features extreme together, missing values in all patterns, tiny and huge numbers; one feature at a time, two, and all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.proof.numbers import numbers_in, thresholds
from model.proof.texts import drawn_texts, strange_texts
from model.runtime.estimator import Estimator
from model.schema.rows import Table
from model.schema.signature import Feature
from model.schema.values import is_missing

Column = NDArray[Any]
_TINY = (0.0, -0.0, 5e-324, -5e-324, 2.3e-308, -1e-300, 1e-45, 1e-9, 0.5, 1.0, -1.0, 2.0)
HUGE = (1e6, 1e9, 1e12, 2.0**53, 1e18, 1e24, 1e30, 3.4028234e38, 3.5e38, 1e45, 1e80, 1e154, 1e200, 1e300, 1.7e308)
# The numbers between a bound and its opposite still have a width that is a number.
_WIDEST = 8e307
_BEYOND = (0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 100.0, 1e3, 1e4)
_DAYS = (-40_000, -3660, -366, -31, -1, 1, 29, 365, 3653, 20_000)
_MOST_MIDPOINTS = 5_000


@dataclass(frozen=True)
class Pool:
    """Values that a feature's cells are drawn from."""

    training: Column
    near: Column
    """Within reach of the training values: their neighbours, thresholds, other categories, unseen strings."""
    far: Column
    """Huge numbers; as `near` where the feature has none."""


def hostile_rows(model: Estimator, rows: Table, count: int, seed: int = 0) -> Table:
    """Return about this many rows in the form of the given ones."""
    signature, numbers = model.signature, numbers_in(model.estimator)
    known = thresholds(model.estimator, signature.names)
    rng = np.random.default_rng(seed)
    table = rows if isinstance(rows, dict) else dict(zip(signature.names, np.asarray(rows).T, strict=True))
    pools = [
        _pool(feature, np.asarray(table[feature.name]).ravel(), known.get(feature.name), numbers, rng)
        for feature in signature.features
    ]
    parts = [
        _one_at_a_time(pools, count * 3 // 10, rng),
        _pairs(pools, count // 5, rng),
        _mixed(pools, count // 3, rng),
    ]
    parts += [_all_far(pools, count // 12, rng)]
    columns = [np.concatenate([part[place] for part in parts]) for place in range(len(pools))]
    columns = _with_missing(columns, signature.features, rng)
    if isinstance(rows, dict):
        named = zip(signature.names, columns, strict=True)
        return {name: column.reshape(-1, 1) for name, column in named}
    return np.column_stack(columns)


def _pool(feature: Feature, column: Column, known: Column | None, numbers: Column, rng: np.random.Generator) -> Pool:
    training = present(column)
    if feature.closed:
        every = _typed(feature.categories or (), column)
        return Pool(training, every, every)
    if feature.type == "string":
        seen = sorted(set(training.tolist()))
        drawn = drawn_texts(seen, rng) if feature.categories is None else []
        texts = _typed([*strange_texts(seen, rng), *drawn], column)
        return Pool(training, texts, texts)
    if feature.type == "date":
        days = rng.choice(training, 200) + np.array(_DAYS * 20).astype("timedelta64[D]")
        return Pool(training, days.astype(training.dtype), days.astype(training.dtype))
    if feature.exact:
        beside = [int(value) + step for value in rng.choice(training, 100).tolist() for step in (-1, 1)]
        every = _typed([*beside, 0, -1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)], column)
        return Pool(training, every, every)
    if feature.type == "boolean":
        return Pool(training, np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    signed = np.array([sign * value for value in HUGE for sign in (1.0, -1.0)])
    return Pool(training, _near(training, known, numbers, rng), signed)


def _near(training: Column, known: Column | None, numbers: Column, rng: np.random.Generator) -> Column:
    low, high = float(training.min()), float(training.max())
    span = (high - low) or abs(high) or 1.0
    beyond = [end for step in _BEYOND for end in (low - step * span, high + step * span)]
    edges = np.unique(training)[:_MOST_MIDPOINTS]
    middles = (edges[1:] + edges[:-1]) / 2
    inside = rng.uniform(max(low - span / 5, -_WIDEST), min(high + span / 5, _WIDEST), 200)
    others = rng.choice(numbers, min(len(numbers), 2000), replace=False) if len(numbers) else numbers
    exact = np.concatenate([np.array(beyond), middles, others] + ([] if known is None else [np.repeat(known, 3)]))
    exact = exact[np.abs(exact) <= max(1e6, 1e4 * span + abs(high) + abs(low))]
    beside = np.concatenate([np.nextafter(exact, -np.inf), exact, np.nextafter(exact, np.inf)])
    with np.errstate(over="ignore"):
        narrow = np.nextafter(exact.astype(np.float32), np.float32(np.inf)).astype(np.float64)
    moved = rng.choice(training, 400) + rng.normal(0, span / 20, 400)
    found: Column = np.concatenate([beside, narrow, inside, moved, np.array(_TINY), np.round(inside)])
    return found[np.isfinite(found)]


def _one_at_a_time(pools: list[Pool], count: int, rng: np.random.Generator) -> list[Column]:
    columns = _start(pools, count, rng)
    which = rng.integers(len(pools), size=count)
    for place, pool in enumerate(pools):
        _change(columns[place], which == place, pool, rng, far=0.15)
    return columns


def _pairs(pools: list[Pool], count: int, rng: np.random.Generator) -> list[Column]:
    columns = _start(pools, count, rng)
    one, other = rng.integers(len(pools), size=(2, count))
    for place, pool in enumerate(pools):
        _change(columns[place], (one == place) | (other == place), pool, rng, far=0.3)
    return columns


def _mixed(pools: list[Pool], count: int, rng: np.random.Generator) -> list[Column]:
    columns = _start(pools, count, rng)
    for place, pool in enumerate(pools):
        other = rng.random(count) < 0.3
        columns[place][other] = rng.choice(pool.training, int(other.sum()))
        _change(columns[place], rng.random(count) < 0.35, pool, rng, far=0.0)
    return columns


def _all_far(pools: list[Pool], count: int, rng: np.random.Generator) -> list[Column]:
    columns = _start(pools, count, rng)
    size = rng.choice(np.array(HUGE), count)
    for place, pool in enumerate(pools):
        if pool.far.dtype.kind == "f" and np.abs(pool.far).max() > 1e300:
            columns[place] = size * rng.choice([-1.0, 1.0, 0.5, 0.0], count)
        else:
            _change(columns[place], rng.random(count) < 0.5, pool, rng, far=0.0)
    return columns


def _start(pools: list[Pool], count: int, rng: np.random.Generator) -> list[Column]:
    """Return whole training rows."""
    shortest = min(len(pool.training) for pool in pools)
    return [pool.training[rng.integers(shortest, size=count)].copy() for pool in pools]


def _change(column: Column, where: NDArray[np.bool_], pool: Pool, rng: np.random.Generator, far: float) -> None:
    column[where] = rng.choice(pool.near, int(where.sum()))
    farther = where & (rng.random(len(column)) < far)
    column[farther] = rng.choice(pool.far, int(farther.sum()))


def _with_missing(columns: list[Column], features: tuple[Feature, ...], rng: np.random.Generator) -> list[Column]:
    """Take values away: none in most rows, a few or all in others."""
    count = len(columns[0])
    share = rng.choice([0.0, 0.0, 0.0, 0.1, 0.5, 1.0], count)
    single = rng.integers(len(columns), size=count)
    some = rng.random(count) < 0.15
    for place, feature in enumerate(features):
        if feature.missing:
            gone = (rng.random(count) < share * rng.choice([0, 1], count, p=[0.6, 0.4])) | (some & (single == place))
            columns[place][gone] = missing_value(feature)
    return columns


def missing_value(feature: Feature) -> Any:
    """Return what stands for no value in a column of this feature."""
    if feature.type == "date":
        return np.datetime64("NaT")
    return None if feature.exact else np.nan


def present(column: Column) -> Column:
    """Return the values of a column that are not missing."""
    if column.dtype.kind == "M":
        there = ~np.isnat(column)
    elif column.dtype == object:
        there = np.array([not is_missing(value) for value in column], dtype=bool)
    else:
        there = ~np.isnan(column)
    found: Column = column[there]
    return found


def _typed(values: Any, column: Column) -> Column:
    found = np.empty(len(values), dtype=object if column.dtype == object else np.float64)
    found[:] = list(values)
    return found

"""Values of nobody, for the golden rows: they stand in the place of features that the prediction log hides.

A value is drawn without looking at the row that it goes into: a category that the signature names, a number or date
between quantiles and as fine as those of the data, a text of words that many rows have. No value is taken that only a
few rows have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.packing.data import PackError, listed
from model.proof.compare import ReferenceRows, estimator_answers, joined
from model.proof.rows import missing_value, present
from model.runtime.call_batcher import join
from model.runtime.estimator import height, take
from model.schema.rows import Table
from model.schema.signature import Feature, Signature

Column = NDArray[Any]

MANY = 5
"""What so many rows have is no secret of one of them."""
_DRAWN, _MOST_SHOWN, _MOST_READ, _LONGEST = 100, 300, 3_000, 1_000
_QUANTILES = np.linspace(0.05, 0.95, 10)
_WORD = re.compile(r"\w+")
_UNITS = ("D", "h", "m", "s", "ms", "us")


def invented_values(signature: Signature, rows: Table, names: Container[str]) -> dict[str, Column]:
    """Return values for these features, by name; where rows have none and the model allows it, some are missing."""
    table = rows if isinstance(rows, dict) else dict(zip(signature.names, rows.T, strict=True))
    return {
        feature.name: _values(feature, np.asarray(table[feature.name]).ravel(), np.random.default_rng(2))
        for feature in signature.features
        if feature.name in names
    }


def with_shown(proof: ReferenceRows, invented: Mapping[str, Column]) -> ReferenceRows:
    """Add some training rows and some hostile ones with invented values; only these may be shown."""
    training, count = height(proof.training), height(proof.rows)
    rng = np.random.default_rng(0)
    own, hostile = rng.permutation(training)[:_MOST_SHOWN], training + rng.permutation(count - training)[:_MOST_SHOWN]
    rows = _replaced(take(proof.rows, np.concatenate([own, hostile])), proof.model.signature, invented, rng)
    answers = estimator_answers(proof.model, rows)
    if answers.refused[: len(own)].all():
        raise PackError(
            f"the log hides {listed(invented)}, so the golden rows hold invented values there, and the model refuses "
            "all of these: leave the rule out here, and set PREDICTION_LOG_FIELDS where the model is served"
        )
    shown = slice(count, count + len(own)), slice(count + len(own), None)
    return replace(proof, rows=join([proof.rows, rows]), expected=joined([proof.expected, answers]), shown=shown)


def _replaced(rows: Table, signature: Signature, invented: Mapping[str, Column], rng: np.random.Generator) -> Table:
    """Return rows with a drawn value in each cell of these features."""
    table = rows if isinstance(rows, dict) else rows.copy()
    for place, name in enumerate(signature.names):
        if name in invented:
            drawn = rng.choice(invented[name], height(rows))
            if isinstance(table, dict):
                table = {**table, name: drawn.reshape(-1, 1)}
            else:
                table[:, place] = drawn
    return table


def _values(feature: Feature, column: Column, rng: np.random.Generator) -> Column:
    there = present(column)
    good = _of_type(feature, there, rng)
    gaps = round(len(good) * (1 - len(there) / len(column))) if feature.missing else 0
    found = np.empty(len(good) + gaps, dtype=column.dtype)
    found[: len(good)] = good
    found[len(good) :] = missing_value(feature)
    return found


def _of_type(feature: Feature, there: Column, rng: np.random.Generator) -> Any:
    if feature.closed or (feature.type == "string" and feature.categories):
        return feature.categories
    if feature.type == "boolean":
        return [False, True]
    if feature.type == "string":
        return _unowned(feature, there, _texts(there, rng), ["text", "another text"])
    if feature.type == "date":
        return _unowned(feature, there, *_dates(there, rng))
    return _unowned(feature, there, *_numbers(feature, there, rng))


def _unowned(feature: Feature, there: Column, *drawn: Any) -> Any:
    """Return the first of these lists in which something is left without the values that only a few rows have."""
    counts = Counter(there.tolist())
    for values in drawn:
        if good := [value for value in values if not 0 < counts[value] < MANY]:
            return good
    raise PackError(
        f"no value of {feature.name!r} was found that is not of one row of the data, and the log hides this feature: "
        "bring invented values in its column"
    )


def _numbers(feature: Feature, there: Column, rng: np.random.Generator) -> tuple[list[Any], list[Any]]:
    """Return numbers between those of the data, and some beyond them, for where each number between is taken."""
    numbers = there.astype(np.float64)
    numbers = numbers[np.isfinite(numbers)]
    with np.errstate(over="ignore", invalid="ignore"):
        digits = next((each for each in range(-6, 16) if (np.round(numbers, each) == numbers).all()), None)
    between = _between(numbers, rng)
    step = 10.0 ** -(digits or 0)
    beyond = numbers.max() + step * np.arange(1, 10)
    if feature.exact:
        return [int(number) for number in between], [int(there.max()) + each for each in range(1, 10)]
    drawn = between if digits is None else np.round(between, digits)
    return drawn.tolist(), beyond[np.isfinite(beyond)].tolist()


def _between(numbers: Column, rng: np.random.Generator) -> Column:
    """Return numbers that lie evenly between each two quantiles."""
    edges = np.quantile(numbers, _QUANTILES, method="inverted_cdf")
    low, share = rng.integers(len(edges) - 1, size=_DRAWN), rng.random(_DRAWN)
    # Between two equal quantiles there is no other number, however near.
    between: Column = edges[low] + share * (edges[low + 1] - edges[low])
    return between[np.isfinite(between)]


def _dates(there: Column, rng: np.random.Generator) -> tuple[list[Any], list[Any]]:
    """Return dates between those of the data, whole days where these are, and some that are later."""
    unit = next(each for each in _UNITS if (there.astype(f"datetime64[{each}]") == there).all())
    between = _between(there.astype(np.int64), rng).astype(np.int64).astype(there.dtype)
    later = there.max() + np.arange(1, 10).astype(f"timedelta64[{unit}]")
    return between.astype(f"datetime64[{unit}]").astype(there.dtype).tolist(), later.astype(there.dtype).tolist()


def _texts(there: Column, rng: np.random.Generator) -> list[str]:
    """Return texts of the data with other words: those of many rows mixed, any other spelled anew."""
    read = [text[:_LONGEST] for text in rng.permutation(there)[:_MOST_READ].tolist()]
    counts = Counter(word for text in read for word in set(_WORD.findall(text)))
    shared = sorted(word for word, rows in counts.items() if rows >= MANY)

    def another(found: re.Match[str]) -> str:
        if counts[found.group()] >= MANY:
            return str(shared[int(rng.integers(len(shared)))])
        return "".join(_letter(each, rng) for each in found.group())

    return [_WORD.sub(another, text) for text in read[:_DRAWN]]


def _letter(letter: str, rng: np.random.Generator) -> str:
    """Return a letter or digit of the same kind; a letter of any alphabet becomes one from a to z."""
    if letter.isdigit():
        return str(int(rng.integers(10)))
    drawn = chr(ord("a") + int(rng.integers(26)))
    return drawn.upper() if letter.isupper() else drawn

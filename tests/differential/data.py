"""Tables to train on: columns of every kind that people bring, and a target that depends on them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

NAMES = (
    "age", "fee", "income net", "größe", "x,y", "rate_%", "size", "city", "Kind", "B2", "visits", "note", "since",
    "région", "a.b", "id", "score0", "zip",
)  # fmt: skip
WORDS = [
    "good",
    "bad",
    "fine",
    "awful",
    "tea",
    "cup",
    "don't",
    "great",
    "small",
    "red",
    "blue",
    "ok",
    "not",
    "so",
    "very",
    "10",
    "7th",
    "naïve",
    "café",
    "x",
]


@dataclass(frozen=True)
class Kind:
    """One kind of column."""

    role: str
    make: Callable[[np.random.Generator, int], Any]
    csv: str = "yes"
    """Whether CSV carries it: `yes`, `doubtful` where it looks like another type, `no` where it cannot."""


@dataclass(frozen=True)
class Column:
    """What a pipeline needs to know of a column."""

    name: str
    role: str
    missing: bool
    doubtful: bool


def _gaps(make: Callable[[np.random.Generator, int], Any], share: float = 0.12):
    def made(rng, n):
        column = pd.Series(make(rng, n))
        return column.where(rng.random(n) > share)

    return made


def _choice(*values, dtype="str"):
    return lambda rng, n: pd.Series(rng.choice(np.array(values, dtype=object), n), dtype=dtype)


def _texts(distinct, words=4):
    def make(rng, n):
        pool = [" ".join(rng.choice(WORDS, rng.integers(1, words + 1))) for _ in range(distinct)]
        return pd.Series(rng.choice(np.array(pool, dtype=object), n), dtype="str")

    return make


def _days(distinct):
    def make(rng, n):
        pool = pd.to_datetime("2021-01-04") + pd.to_timedelta(rng.integers(0, 900, distinct), unit="D")
        return pd.Series(rng.choice(pool.to_numpy(), n))

    return make


def _dates(distinct):
    return lambda rng, n: pd.Series(_days(distinct)(rng, n).dt.strftime("%Y-%m-%d"), dtype="str")


def _as(make, dtype):
    return lambda rng, n: pd.Series(make(rng, n)).astype(dtype)


def _normal(rng, n):
    return rng.normal(rng.choice([0, 5, -40]), rng.choice([1, 3, 20]), n).round(3)


def _counts(rng, n):
    return rng.poisson(rng.choice([2, 8]), n)


_CITIES = _choice("Oslo", "Rome", "Köln", "Lima", "Nice")
_SIZES = _choice("S", "M", "L", "XL")

KINDS = {
    "normal": Kind("number", _normal),
    "gamma": Kind("number", lambda rng, n: rng.gamma(2, 20, n).round(1)),
    "fee": Kind("number", lambda rng, n: rng.uniform(1, 121, n).round(2)),
    "gaps": Kind("number", _gaps(_normal)),
    "whole floats": Kind("number", lambda rng, n: rng.integers(0, 30, n).astype(float)),
    "whole gaps": Kind("number", _gaps(lambda rng, n: rng.integers(0, 12, n).astype(float))),
    "halves": Kind("number", lambda rng, n: rng.integers(-6, 7, n) / 2),
    "heavy": Kind("number", lambda rng, n: (rng.standard_t(1.5, n) * 100).round(1)),
    "large": Kind("number", lambda rng, n: (rng.normal(3e6, 5e5, n)).round(0)),
    "small": Kind("number", lambda rng, n: rng.normal(0, 1e-7, n)),
    "share": Kind("number", lambda rng, n: rng.random(n).round(3)),
    "zeros": Kind("number", lambda rng, n: np.where(rng.random(n) < 0.7, 0.0, rng.gamma(2, 3, n).round(2))),
    "counts": Kind("number", _counts),
    "years": Kind("number", lambda rng, n: rng.integers(1950, 2024, n)),
    "codes": Kind("code", lambda rng, n: rng.choice([1, 2, 3, 10, 40], n)),
    "float codes": Kind("code", lambda rng, n: rng.choice([0.5, 1.0, 2.5, 7.0], n)),
    "ids": Kind("code", lambda rng, n: rng.choice(2**53 + np.arange(1, 12, 2), n)),
    "flag": Kind("flag", lambda rng, n: rng.random(n) < 0.4),
    "city": Kind("choice", _CITIES),
    "size": Kind("choice", _SIZES),
    "city gaps": Kind("choice", _gaps(_CITIES)),
    "untidy": Kind("choice", _choice("Red", "red", " red", "BLUE", "blue ", "Green")),
    "forms": Kind("choice", _choice("Köln", "Ko\u0308ln", "café", "CAFÉ", "ﬁn", "fin")),
    "zip": Kind("choice", _choice("01234", "1234", "00501", "99501"), "doubtful"),
    "digits": Kind("choice", _choice("1", "2", "10"), "doubtful"),
    "true false": Kind("choice", _choice("True", "False"), "doubtful"),
    "no value": Kind("choice", _choice("NA", "null", "None", "nan", "ok"), "doubtful"),
    "empty": Kind("choice", _choice("", " ", "a", "b"), "no"),
    "objects": Kind("choice", _choice("Oslo", "Rome", "Köln", dtype=object)),
    "few texts": Kind("text", _texts(20)),
    "some texts": Kind("text", _texts(50)),
    "texts": Kind("text", _texts(400, 7)),
    "twelve dates": Kind("date", _dates(12)),
    "dates": Kind("date", _dates(200)),
    "category": Kind("choice", _as(_CITIES, "category"), "no"),
    "ordered": Kind(
        "choice", lambda rng, n: pd.Series(pd.Categorical(_SIZES(rng, n), [*list("SML"), "XL"], ordered=True)), "no"
    ),
    "category gaps": Kind("choice", _as(_gaps(_SIZES), "category"), "no"),
    "Int64": Kind("number", lambda rng, n: _gaps(_counts)(rng, n).astype("Int64"), "no"),
    "Float64": Kind("number", lambda rng, n: _gaps(_normal)(rng, n).astype("Float64"), "no"),
    "boolean": Kind("flag", _as(_gaps(lambda rng, n: pd.Series(rng.random(n) < 0.5, dtype=object)), "boolean"), "no"),
    "float32": Kind("number", lambda rng, n: _normal(rng, n).astype("float32"), "no"),
    "int8": Kind("number", lambda rng, n: rng.integers(-20, 60, n).astype("int8"), "no"),
    "days": Kind("day", _days(40), "no"),
    "day gaps": Kind("day", _gaps(_days(40)), "no"),
}  # fmt: skip
RARE = {"ids": 0.3}
NUMERIC = tuple(name for name, kind in KINDS.items() if kind.role == "number")


def table(rng: np.random.Generator, form: str, *, numeric: bool) -> tuple[pd.DataFrame, list[Column]]:
    """Return a table that a file of this form can hold, and what its columns are."""
    pool = [name for name in (NUMERIC if numeric else KINDS) if form != "csv" or KINDS[name].csv != "no"]
    # Most of what CSV makes doubtful is asked about by `add`, and says nothing about answers.
    doubt = 0.15 if form == "csv" else 1.0
    weights = np.array(
        [2.5 if KINDS[n].role == "number" else doubt if KINDS[n].csv == "doubtful" else RARE.get(n, 1.0) for n in pool]
    )
    width = int(rng.integers(1, 4)) if rng.random() < 0.3 else int(rng.integers(2, 7))
    chosen = rng.choice(pool, width, p=weights / weights.sum())
    names = rng.choice(NAMES, width, replace=False)
    n = int(rng.integers(60, 161))
    columns, series = [], {}
    for name, kind in zip(names.tolist(), chosen.tolist(), strict=True):
        made = pd.Series(KINDS[kind].make(rng, n)).reset_index(drop=True)
        series[name] = made
        doubtful = form == "csv" and KINDS[kind].csv == "doubtful"
        columns.append(Column(name, KINDS[kind].role, bool(made.isna().any()), doubtful))
    return pd.DataFrame(series), columns


def signal(rng: np.random.Generator, frame: pd.DataFrame) -> np.ndarray:
    """Return a number a row that depends on every column."""
    total = rng.normal(0, 0.4, len(frame))
    for name in frame:
        codes = frame[name].rank(method="dense") if frame[name].dtype != "category" else frame[name].cat.codes
        if frame[name].dtype.kind in "OTMV" or not pd.api.types.is_numeric_dtype(frame[name]):
            codes = (pd.Series(pd.factorize(frame[name].astype(str))[0]) * 37) % 11
        values = pd.Series(codes).astype(float).fillna(0).to_numpy()
        total += rng.choice([-2, -1, 1, 2]) * (values - values.mean()) / (values.std() or 1)
    return total


LABELS = (
    ("yes", [0, 1]), ("yes", [1, 2, 3]), ("yes", ["no", "yes"]), ("yes", ["low", "mid", "high"]), ("yes", [-1, 1]),
    ("yes", [False, True]), ("yes", [10, 20, 30, 40]), ("yes", ["ja", "Nein ", "é"]), ("doubtful", ["1", "2"]),
    ("doubtful", ["True", "False"]), ("doubtful", ["NA", "ok"]), ("doubtful", ["01", "02", "1"]), ("yes", [1.0, 2.5]),
)  # fmt: skip


def classes(rng: np.random.Generator, score: np.ndarray) -> tuple[pd.Series, bool]:
    """Return labels, and whether CSV makes them doubtful."""
    csv, labels = LABELS[rng.integers(len(LABELS))]
    if csv == "doubtful" and rng.random() < 0.7:
        csv, labels = LABELS[rng.integers(8)]
    cuts = np.quantile(score, np.linspace(0, 1, len(labels) + 1)[1:-1])
    codes = np.searchsorted(cuts, score)
    if all(isinstance(label, str) for label in labels):
        return pd.Series([labels[code] for code in codes], dtype="str"), csv == "doubtful"
    return pd.Series(np.array(labels)[codes]), csv == "doubtful"


def numbers(rng: np.random.Generator, score: np.ndarray) -> pd.Series:
    """Return a number a row, on one of many scales."""
    scale, base = rng.choice([1, 10, 1e4, 1e-3]), rng.choice([0, 100, -5])
    return pd.Series((score - score.min() + 0.5 if rng.random() < 0.5 else score) * scale + base).round(6)

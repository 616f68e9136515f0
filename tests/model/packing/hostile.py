"""Estimators that misbehave in every way, and values that few columns hold."""

import sys
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

COUNT = 40
NUMBERS = pd.DataFrame({"a": np.linspace(-2, 3, COUNT), "b": np.linspace(1, 9, COUNT) ** 2})


class UnprintableError(Exception):
    def __str__(self):
        raise ValueError("no")


class NotEvenAnException(BaseException):
    pass


def raises(error):
    def predict(X):
        raise error

    return predict


def prints(X):
    print("error: not one of ours\nTraceback")
    return np.zeros(len(X))


def warns(X):
    warnings.simplefilter("error")
    warnings.warn("a warning", stacklevel=1)
    return np.zeros(len(X))


def changes(X):
    if isinstance(X, pd.DataFrame):
        X["more"] = 1.0
        return X["a"].to_numpy() * 2
    X *= 2
    return X[:, 0].copy()


def closes_stdout(X):
    sys.stdout.close()
    return np.zeros(len(X))


def every(value):
    return lambda X: np.array([value] * len(X))


RAISES = {
    "ValueError": ValueError("two\nlines"),
    "RecursionError": RecursionError("too deep"),
    "MemoryError": MemoryError(),
    "SystemExit": SystemExit(3),
    "SystemExit of nought": SystemExit(0),
    "UnprintableError": UnprintableError(),
    "NotEvenAnException": NotEvenAnException("mine"),
    "GeneratorExit": GeneratorExit(),
    "StopIteration": StopIteration(),
    "a long message": ValueError("x" * 100_000),
    "control codes": ValueError("\x1b[2J\u202e\ud800"),
}
ANSWERS = {
    "a number": lambda X: 1.0,
    "None": lambda X: None,
    "too few": lambda X: np.zeros(len(X) // 2),
    "too many": lambda X: np.zeros(len(X) + 1),
    "NaN": every(np.nan),
    "inf": every(np.inf),
    "objects": lambda X: np.array([object() for _ in range(len(X))]),
    "a mixture": lambda X: np.array([1, "a", None, b"x"] * (len(X) // 4) + [1] * (len(X) % 4), dtype=object),
    "three dimensions": lambda X: np.zeros((len(X), 2, 2)),
    "no column": lambda X: np.zeros((len(X), 0)),
    "strings": every("a"),
    "complex": every(1j),
    "dates": every(np.datetime64("2026-01-01")),
    "bytes": every(b"x"),
    "Decimal": every(Decimal(1)),
    "ragged": lambda X: [[1] * (place % 3) for place in range(len(X))],
    "dict": lambda X: {"a": 1},
    "frame of two kinds": lambda X: pd.DataFrame({"a": np.zeros(len(X)), "b": "x"}),
    "generator": lambda X: (place for place in range(len(X))),
    "records": lambda X: np.zeros(len(X), dtype=[("a", float)]),
    "masked": lambda X: np.ma.masked_all(len(X)),
    "beyond floats": lambda X: np.array([10**400] * len(X), dtype=object),
    "chance": lambda X: np.random.default_rng().random(len(X)),
    "warnings are errors": warns,
}
GOOD = {
    "first column": lambda X: np.asarray(X)[:, 0].astype(float),
    "a list": lambda X: [1.0] * len(X),
    "booleans": lambda X: np.ones(len(X), dtype=bool),
    "prints": prints,
    "changes its input": changes,
    "closes stdout": closes_stdout,
    "huge": every(1.7e308),
    "two columns": lambda X: pd.DataFrame({"a": np.zeros(len(X)), "b": 1}),
}
PREDICT = {**{name: raises(error) for name, error in RAISES.items()}, **ANSWERS, **GOOD}
PREDICT["Ctrl-C"] = raises(KeyboardInterrupt())


class Own(BaseEstimator):
    """Somebody's own estimator, which predicts by one of the functions above."""

    def __init__(self, how="first column"):
        self.how = how

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def predict(self, X):
        return PREDICT[self.how](X)


def repeated(*values):
    return np.resize(np.array(values), COUNT)


def objects(*values):
    found = np.empty(COUNT, dtype=object)
    found[:] = [values[place % len(values)] for place in range(COUNT)]
    return found


FLAGS = (True, False)
COLUMNS = {
    "1e308": repeated(1e308, -1e308, 1.7e308, 5e-324, 0.0),
    "largest": repeated(1.7e308),
    "infinite": repeated(np.inf, -np.inf, 1.0),
    "only infinite": repeated(np.inf),
    "denormal": repeated(5e-324),
    "constant": repeated(1.0),
    "minus nought": repeated(-0.0),
    "missing": repeated(np.nan),
    "only None": objects(None),
    "only NA": objects(pd.NA),
    "only NaT": objects(pd.NaT),
    "booleans": repeated(1, 0).astype(bool),
    "booleans and None": objects(*FLAGS, None),
    "booleans and numbers": objects(*FLAGS, 1, 0),
    "a mixture": objects(1, "a", None, 2.5),
    "dates": pd.date_range("2026", periods=COUNT),
    "dates of a zone": pd.date_range("2026", periods=COUNT, tz="Europe/Berlin"),
    "dates far off": repeated(np.datetime64("9999-12-31", "s"), np.datetime64("0001-01-01", "s")),
    "dates beyond Python": repeated(np.datetime64("99999-12-31", "s"), np.datetime64("-0001-01-01", "s")),
    "durations": pd.to_timedelta(range(COUNT), unit="s"),
    "Decimal": objects(Decimal("1.5"), Decimal("NaN")),
    "bytes": objects(b"x"),
    "lists": objects([1, 2]),
    "dicts": objects({"a": 1}),
    "complex": repeated(1j),
    "periods": pd.period_range("2026", periods=COUNT, freq="M"),
    "intervals": pd.interval_range(0, COUNT),
    "sparse": pd.arrays.SparseArray(repeated(0.0, 1.0)),
    "Int64": pd.array(objects(1, None), dtype="Int64"),
    "boolean": pd.array(objects(*FLAGS, None), dtype="boolean"),
    "Float64": pd.array(objects(1.5, None), dtype="Float64"),
    "string": pd.array(objects("a", None), dtype="string"),
    "Arrow's": pd.array(objects(1.5, None), dtype="float64[pyarrow]"),
    "categories": pd.Categorical(objects("a", "b")),
    "boolean categories": pd.Categorical(objects(*FLAGS)),
    "number categories": pd.Categorical(objects(1, 2)),
    "date categories": pd.Categorical(pd.date_range("2026", periods=COUNT)),
    "mixed categories": pd.Categorical(objects(1, "a")),
    "interval categories": pd.cut(np.arange(COUNT), 4),
    "unused categories": pd.Categorical(objects("a"), categories=["a", "b"]),
    "uint64": np.full(COUNT, 2**64 - 1, dtype=np.uint64),
    "beyond int64": objects(2**63),
    "beyond floats": objects(10**400),
    "largest int64": repeated(2**63 - 1, -(2**63)),
    "float16": np.ones(COUNT, dtype=np.float16),
    "long double": np.ones(COUNT, dtype=np.longdouble),
    "a million characters": objects("x" * 1_000_000, *"abcdefghi"),
    "zero bytes": objects("a\0b", "c"),
    "noncharacters": objects("\ufdd0", "c"),
    "markup": objects("[/x]", "[red]", "<b>"),
    "like missing": objects("nan", "NaN", "None", ""),
}
NAMES = {
    "line breaks": ["a\nb", "c"],
    "quotes": ['a"b', "c'd"],
    "emoji": ["🙂", "é"],
    "empty": ["", " "],
    "10,000 characters": ["x" * 10_000, "y"],
    "numbers": [0, 1],
    "fractions": [1.5, 2.5],
    "a number and its text": [1, "1"],
    "twice the same": ["a", "a"],
    "tuples": [("a", 1), ("b", 2)],
    "None": [None, "b"],
    "NaN": [np.nan, "b"],
    "bytes": [b"a", b"b"],
    "dates": list(pd.date_range("2026", periods=2)),
    "markup": ["[/x]", "<script>"],
    "zero bytes": ["a\0", "b"],
    "surrogates": ["\ud800", "b"],
    "turned round": ["\u202eabc", "{a} %s"],
    "separators": ["a,b", "c=d"],
    "the target's": ["prediction", "error"],
}

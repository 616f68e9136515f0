"""What kept cases are made of: one table, and a list of names."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline

from tests.differential.cases import Case
from tests.differential.run import Report, run

KEPT: dict[str, Callable[[], Case]] = {}
WORDS = ["good", "bad", "fine", "awful", "tea", "cup", "cold", "don't", "late", "quick"]


def run_kept(name: str, count: int = 200) -> Report:
    """Run one kept case."""
    return run(lambda: KEPT[name]().fit(), name, count, seed=sum(name.encode()))


def kept(function: Callable[[], Case]) -> Callable[[], Case]:
    """Keep the case that a function makes, under the function's name."""
    KEPT[function.__name__] = function
    return function


def table(n: int = 150) -> tuple[pd.DataFrame, np.ndarray]:
    """Return columns of the usual kinds, and a number that depends on them."""
    rng = np.random.default_rng(7)
    pool = np.array([" ".join(rng.choice(WORDS, 4)) for _ in range(50)], dtype=object)
    frame = pd.DataFrame({
        "fee": rng.uniform(1, 121, n).round(2), "visits": rng.poisson(6, n), "score": rng.normal(0, 3, n).round(3),
        "city": rng.choice(["Oslo", "rome ", " Köln", "LIMA"], n), "size": rng.choice(list("SML"), n),
        "note": rng.choice(pool, n), "few": rng.choice(pool[:20], n),
        "since": pd.to_datetime(rng.choice(np.arange(18_600, 18_960, 30), n), unit="D").strftime("%Y-%m-%d"),
    })  # fmt: skip
    frame["town"] = rng.choice(["oslo", "rome", "köln", "lima"], n)
    town = (frame["town"] == "oslo") * 3.0 - (frame["town"] == "rome") * 2.0
    spoilt = frame["note"].str.contains("bad") * 4.0 + frame["few"].str.contains("awful") * 4.0
    day = pd.to_datetime(frame["since"]).dt.dayofyear / 60
    noise = rng.normal(0, 0.3, n)
    return frame, (
        frame["fee"] / 20 + frame["score"] + (frame["size"] == "M") * 3 + spoilt + day + town + noise
    ).to_numpy()


def case(estimator, columns: str, labels: list | None = None, **options) -> Case:
    """Return a case of some columns of the table; labels are given by halves or thirds of the number."""
    frame, number = table()
    y = pd.Series(number.round(4))
    task = "classification" if is_classifier(estimator) else "regression"
    if task == "classification":
        labels = labels or ["no", "yes"]
        cuts = np.quantile(number, np.linspace(0, 1, len(labels) + 1)[1:-1])
        y = pd.Series(np.array(labels)[np.searchsorted(cuts, number)])
    return Case("kept", estimator, frame[columns.split()], y, task, **options)


def beside(*branches, last):
    """Return a pipeline of branches, the other columns as they are, and the estimator."""
    return make_pipeline(make_column_transformer(*branches, remainder="passthrough"), last)

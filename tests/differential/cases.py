"""One case: a fitted estimator, the table it was fitted on, and all that is needed to ask it again."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from tests.differential.data import classes, numbers, signal, table
from tests.differential.encoders import text
from tests.differential.estimators import estimator
from tests.differential.pipelines import pipeline

TASKS = ("classification", "regression", "outliers", "clustering")
MOST_TRIES = 400


@dataclass
class Case:
    """A model and its training."""

    name: str
    estimator: Any
    frame: pd.DataFrame
    y: Any
    task: str
    form: str = "csv"
    """The form of the file that `add` gets: csv, parquet or pickle."""
    given: str = "frame"
    """What the estimator was fitted on: a frame, a matrix or bare texts."""
    doubtful: set[str] = field(default_factory=set)
    """What a CSV file does not show the type of; `add` may refuse, if it names the column."""
    seed: int = 0

    def shaped(self, frame: pd.DataFrame) -> Any:
        """Return rows as training had them."""
        if self.given == "matrix":
            return frame.to_numpy()
        return frame.iloc[:, 0] if self.given == "texts" else frame

    def fit(self) -> "Case":
        """Fit the estimator."""
        X = self.shaped(self.frame)
        self.estimator.fit(X) if self.y is None else self.estimator.fit(X, self.y)
        return self


def draw(seed: int, form: str) -> Case:
    """Return the case of a seed: what cannot be fitted is drawn again."""
    # More than half of the cases have nothing but scikit-learn's own steps.
    usual = np.random.default_rng([seed, 1 << 21]).random() < 0.6
    for attempt in range(MOST_TRIES):
        rng = np.random.default_rng([seed, attempt])
        case = _draw(rng, seed, form)
        if usual and has_own(case.estimator):
            continue
        try:
            case.fit()
            answer = case.estimator.predict(case.shaped(case.frame))
        except Exception:
            continue
        if len(answer) == len(case.frame) and _finite(answer):
            return case
    raise AssertionError(f"seed {seed}: no pipeline of {MOST_TRIES} could be fitted")


def has_own(thing: Any) -> bool:
    """Tell whether code that is not scikit-learn's or numpy's stands anywhere in an estimator."""
    inside = list(thing.get_params(deep=False).values()) if hasattr(thing, "get_params") else []
    inside += list(thing) if isinstance(thing, list | tuple) else []
    home = getattr(thing if callable(thing) else type(thing), "__module__", None) or ""
    return home.startswith("tests.") or any(has_own(each) for each in inside)


def _finite(answer: Any) -> bool:
    answer = np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer)
    return answer.dtype.kind != "f" or bool(np.isfinite(answer).all())


def _draw(rng: np.random.Generator, seed: int, form: str) -> Case:
    task = str(rng.choice(TASKS, p=[0.45, 0.43, 0.06, 0.06]))
    frame, columns = table(rng, form, numeric=bool(rng.random() < 0.3))
    doubtful = {column.name for column in columns if column.doubtful}
    y, unsure = _target(rng, frame, task)
    several = getattr(y, "ndim", 1) == 2 and y.shape[1] > 1
    given = "frame"
    if len(columns) == 1 and columns[0].role == "text":
        given = "texts"
        made: Any = _texts(rng, task)
    else:
        made = pipeline(rng, frame, columns, task, several=several)
        if all(column.role == "number" for column in columns) and form == "csv" and rng.random() < 0.25:
            given = "matrix"
    return Case(str(seed), made, frame, y, task, form, given, doubtful | ({"target"} if unsure else set()), seed)


def _texts(rng: np.random.Generator, task: str) -> Any:
    return make_pipeline(text(rng), estimator(rng, task))


def _target(rng: np.random.Generator, frame: pd.DataFrame, task: str) -> tuple[Any, bool]:
    if task in ("outliers", "clustering"):
        return None, False
    score, several = signal(rng, frame), rng.random() < 0.08
    if task == "regression":
        one = numbers(rng, score)
        if several:
            return pd.DataFrame({"up": one, "down": numbers(rng, -score)}), False
        return (one.to_frame("target") if rng.random() < 0.04 else one), False
    if several:
        return pd.DataFrame({"up": (score > 0).astype(int), "down": (score < 0.5).astype(int)}), False
    return classes(rng, score)

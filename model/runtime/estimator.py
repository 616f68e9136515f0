"""scikit-learn's side of a bundle: open the pickle, keep it on one thread, give it rows as training had them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.runtime.frames import Frames, Places
from model.schema.input_form import Input
from model.schema.rows import Table
from model.schema.signature import Signature
from model.trees.read import library_of

Answer = NDArray[Any]


def unpickle(content: bytes) -> Any:
    """Open an estimator whose digest was checked: a pickle is code, and this runs it."""
    # OpenMP reads its setting when scikit-learn is first imported; its own choice is the host's core count.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import joblib  # noqa: PLC0415 - a compiled bundle is served without it

    # A category that training never had is an everyday thing to answer, not to print about.
    warnings.filterwarnings("ignore", message="Found unknown categories", category=UserWarning)
    estimator = joblib.load(BytesIO(content))
    keep_to_one_thread(estimator)
    return estimator


def keep_to_one_thread(estimator: Any) -> None:
    """Force n_jobs to 1 wherever it stands: a pool of threads costs more than a row's whole answer."""
    for part in parts(estimator):
        if library_of(part) == "xgboost" and part.n_jobs != 1:
            # It hands the number on to what it has fitted.
            part.set_params(n_jobs=1)
        elif getattr(part, "n_jobs", 1) != 1 and (part.n_jobs is not None or library_of(part) == "lightgbm"):
            # To LightGBM None means every core, to scikit-learn one.
            part.n_jobs = 1
        if hasattr(part, "n_threads"):
            # Histogram boosting keeps how many cores its trainer had, which is nobody's business later.
            part.n_threads = 1


def forget_names(estimator: Any) -> None:
    """Remove the names of training's columns, so that rows without names are what the estimator expects."""
    for part in parts(estimator):
        vars(part).pop("feature_names_in_", None)


def parts(thing: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """Walk an estimator and every estimator inside it, fitted or not, parents first."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, Mapping):
        inside: Any = thing.values()
    elif isinstance(thing, list | tuple) or (isinstance(thing, np.ndarray) and thing.dtype == object):
        inside = thing
    elif isinstance(thing, type) or not hasattr(thing, "__dict__"):
        return
    elif hasattr(thing, "get_params"):
        yield thing
        inside = vars(thing).values()
    elif type(thing).__module__.partition(".")[0] == "sklearn":
        # What calibration has fitted is no estimator, but holds one.
        inside = vars(thing).values()
    else:
        return
    for each in inside:
        yield from parts(each, seen)


@dataclass(frozen=True)
class Estimator:
    """A fitted estimator that takes rows as callers send them."""

    estimator: Any
    signature: Signature
    form: Input
    _frames: Frames = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_frames", Frames(self.signature))

    def predict(self, rows: Table) -> Answer:
        """Return the label or number of each row; one column a target where there are several."""
        if not height(rows):
            return no_answer(self.signature)
        answer = self._each(rows, lambda given: dense(self.estimator.predict(given)))
        return answer.reshape(-1) if len(self.signature.targets) == 1 else answer

    def proba(self, rows: Table) -> list[Answer]:
        """Return the probabilities of each row in the order of the classes, one table a target."""
        if not height(rows):
            return no_proba(self.signature)
        # A target a slice, so that groups of rows can be put together again.
        stacked = self._each(rows, self._proba)
        widths = [len(target.classes or ()) for target in self.signature.targets]
        return np.split(stacked, np.cumsum(widths)[:-1], axis=1)

    def _proba(self, given: Any) -> Answer:
        answer = self.estimator.predict_proba(given)
        if isinstance(answer, list):
            return np.concatenate([np.asarray(each) for each in answer], axis=1)
        if len(self.signature.targets) == 1:
            return np.asarray(answer)
        # Multi-label estimators that are no forest give the probability of "yes" alone.
        return np.concatenate([np.column_stack([1 - column, column]) for column in np.asarray(answer).T], axis=1)

    def _each(self, rows: Table, ask: Callable[[Any], Answer]) -> Answer:
        """Return the answers to these rows in their order, however they have to be asked for."""
        if self.form.alone and height(rows) > 1:
            return np.concatenate([self._each(row, ask) for row in one_by_one(rows)])
        if self.form.kind == "matrix":
            return ask(rows)
        found = [(places, ask(given)) for places, given in self.given(rows)]
        if found[0][0] is None:
            return found[0][1]
        joined = np.concatenate([answer for _, answer in found])
        order = np.argsort(np.concatenate([places for places, _ in found]), kind="stable")
        return joined[order]

    def given(self, rows: Table) -> Iterator[tuple[Places | None, Any]]:
        """Give rows in the form that the estimator was fitted on, in one part or several."""
        if self.form.kind == "matrix":
            yield None, rows
        elif self.form.kind == "texts":
            yield None, _texts(rows, self.signature.features[0].name, alone=self.form.alone)
        elif self.form.kind == "objects":
            yield from ((places, frame.to_numpy(dtype=object)) for places, frame in self._frames(rows))
        else:
            yield from self._frames(rows)


def _texts(rows: Table, name: str, *, alone: bool) -> Any:
    texts = (rows[name] if isinstance(rows, dict) else rows).ravel()
    if not alone:
        return texts
    import pandas as pd  # noqa: PLC0415 - own code gets the column that training had

    return pd.Series(texts, name=name)


def one_by_one(rows: Table) -> Iterator[Table]:
    """Give each row as a table of its own."""
    for place in range(height(rows)):
        yield take(rows, slice(place, place + 1))


def take(rows: Table, places: Any) -> Table:
    """Return the rows at these places."""
    return {name: column[places] for name, column in rows.items()} if isinstance(rows, dict) else rows[places]


def dense(answer: Any) -> Answer:
    """Return an answer as a plain array, sparse or not."""
    return np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer)


def height(rows: Table) -> int:
    """Count rows."""
    return len(next(iter(rows.values()))) if isinstance(rows, dict) else len(rows)


def no_answer(signature: Signature) -> Answer:
    """Return the predictions for no rows, which neither scikit-learn nor ONNX Runtime likes to be asked for."""
    return np.empty(0 if len(signature.targets) == 1 else (0, len(signature.targets)))


def no_proba(signature: Signature) -> list[Answer]:
    """Return the probabilities of no rows."""
    return [np.empty((0, len(target.classes or ()))) for target in signature.targets]

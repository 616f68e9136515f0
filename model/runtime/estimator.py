"""scikit-learn's side of a bundle: open the pickle, keep it on one thread, hand it rows as it knows them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.bundle.manifest import Input
from model.schema.rows import Table
from model.schema.signature import Signature


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
        if getattr(part, "n_jobs", None) not in (None, 1):
            part.n_jobs = 1
        if hasattr(part, "n_threads"):
            # Histogram boosting keeps how many cores its trainer had, which is nobody's business later.
            part.n_threads = 1


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
    elif hasattr(thing, "get_params") and hasattr(thing, "__dict__") and not isinstance(thing, type):
        yield thing
        inside = vars(thing).values()
    else:
        return
    for each in inside:
        yield from parts(each, seen)


@dataclass(frozen=True)
class Original:
    """An estimator that takes rows as callers send them."""

    estimator: Any
    signature: Signature
    form: Input

    def predict(self, rows: Table) -> NDArray[Any]:
        """Return the label or number of each row; one column a target where there are several."""
        if not height(rows):
            return no_answer(self.signature)
        answer = dense(self.estimator.predict(self.present(rows)))
        return answer.reshape(-1) if len(self.signature.targets) == 1 else answer

    def proba(self, rows: Table) -> list[NDArray[Any]]:
        """Return the probabilities of each row in the order of the classes, one table a target."""
        if not height(rows):
            return no_proba(self.signature)
        answer = self.estimator.predict_proba(self.present(rows))
        if isinstance(answer, list):
            return [np.asarray(each) for each in answer]
        if len(self.signature.targets) == 1:
            return [np.asarray(answer)]
        # Multi-label estimators that are no forest give the probability of "yes" alone.
        return [np.column_stack([1 - column, column]) for column in np.asarray(answer).T]

    def present(self, rows: Table) -> Any:
        """Return rows in the form that the estimator was fitted on."""
        return present(rows, self.signature.names, self.form)


def present(rows: Table, names: tuple[str, ...], form: Input) -> Any:
    """Return rows as a matrix, a data frame or bare texts."""
    if form.kind == "matrix":
        return rows
    if form.kind == "texts":
        return rows[names[0]].ravel()
    import pandas as pd  # noqa: PLC0415 - only data frames need it

    if isinstance(rows, dict):
        return pd.DataFrame({name: column.ravel() for name, column in rows.items()})
    return pd.DataFrame(rows, columns=list(names))


def dense(answer: Any) -> NDArray[Any]:
    """Return an answer as a plain array, sparse or not."""
    return np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer)


def height(rows: Table) -> int:
    """Count rows."""
    return len(next(iter(rows.values()))) if isinstance(rows, dict) else len(rows)


def no_answer(signature: Signature) -> NDArray[Any]:
    """Return the predictions for no rows, which neither scikit-learn nor ONNX Runtime likes to be asked for."""
    return np.empty(0 if len(signature.targets) == 1 else (0, len(signature.targets)))


def no_proba(signature: Signature) -> list[NDArray[Any]]:
    """Return the probabilities of no rows."""
    return [np.empty((0, len(target.classes or ()))) for target in signature.targets]

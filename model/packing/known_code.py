"""Which parts of an estimator have a meaning that this program knows, and which are somebody's own code.

Known is a class that scikit-learn or a boosting library itself defines, with no function of anybody's inside.
A subclass is not known: it may do anything. What is not known is served as it is, one row at a time, by scikit-learn.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import NMF, LatentDirichletAllocation, MiniBatchNMF
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import check_array

from model.packing.identity import Identity
from model.runtime.estimator import parts
from model.trees.read import library_of

OURS = (Identity,)
# Their transform looks at all rows of a call together.
_BATCH_DEPENDENT = (NMF, MiniBatchNMF, LatentDirichletAllocation)
# They pick columns by name, or hand on what they get as it is.
_SEE_FRAMES = (ColumnTransformer, FunctionTransformer)
# Functions that only fit uses, or that were replaced by what they found.
_ONLY_FOR_FIT = {
    "scoring",
    "score_func",
    "refit",
    "cv",
    "transformers",
    "importance_getter",
    "dtype",
    "eval_metric",
    "callbacks",
}


def own_code(estimator: Any) -> list[str]:
    """Return the names of classes and functions inside an estimator that are not scikit-learn's."""
    return list(dict.fromkeys(name for part in parts(estimator) for name in _foreign(part)))


def looks_at_other_rows(estimator: Any) -> bool:
    """Tell whether a row's answer may depend on the other rows of the call."""
    every = list(parts(estimator))
    return any(map(_foreign, every)) or any(isinstance(part, _BATCH_DEPENDENT) for part in every)


def takes_plain_rows(estimator: Any) -> bool:
    """Tell whether every step looks at the numbers of a data frame alone: not at its names, nor makes one itself."""
    every = list(parts(estimator))
    return not any(
        isinstance(part, _SEE_FRAMES)
        or not (_is_of_sklearn(type(part)) or type(part) in OURS)
        or "_sklearn_output_config" in vars(part)
        for part in every
    ) and not any(map(_foreign, every))


def _foreign(part: Any) -> list[str]:
    return list(_foreign_names(part))


def _foreign_names(part: Any) -> Iterator[str]:
    kind = type(part)
    if not _is_of_sklearn(kind) and kind not in OURS and library_of(part) is None:
        yield kind.__name__
    for name, value in vars(part).items():
        if callable(getattr(kind, name, None)) and callable(value):
            yield f"{kind.__name__}.{name}"
    for name, value in part.get_params(deep=False).items():
        if name not in _ONLY_FOR_FIT and _is_own_function(kind, value):
            yield getattr(value, "__name__", type(value).__name__)


def _is_of_sklearn(kind: type) -> bool:
    return kind.__module__.split(".")[0] == "sklearn"


def _is_own_function(kind: type, value: Any) -> bool:
    """Tell a function that may do anything from one whose meaning is known."""
    if not callable(value) or isinstance(value, type) or hasattr(value, "get_params"):
        return False
    if isinstance(value, np.ufunc):
        return not (value.nin == 1 and value.nout == 1)
    if isinstance(value, partial):
        value = value.func
    if issubclass(kind, FunctionTransformer):
        # What histogram boosting puts in front of itself; any other function may look at all rows together.
        return value is not check_array
    return not _is_of_sklearn(type(value)) and not str(getattr(value, "__module__", "")).startswith("sklearn.")

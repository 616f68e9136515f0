"""Which library made an estimator, and its trees and categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model.trees import catboost, lightgbm, xgboost
from model.trees.boosted import Boosted
from model.trees.tree import Inexact

_READERS = {"catboost": catboost.read, "lightgbm": lightgbm.read, "xgboost": xgboost.read}
LIBRARIES = tuple(_READERS)
_CATEGORIES = {"lightgbm": lightgbm.categories, "xgboost": xgboost.categories}


def library_of(estimator: Any) -> str | None:
    """Return the boosting library whose own class an estimator is; a subclass may do anything."""
    home = type(estimator).__module__.split(".")[0]
    return home if home in _READERS else None


def read_boosted(estimator: Any) -> Boosted:
    """Return the trees of a library's model, or raise Inexact with what cannot be read exactly."""
    if not _is_fitted(estimator):
        raise Inexact(f"{type(estimator).__name__} that was not fitted")
    return _READERS[library_of(estimator) or ""](estimator)


def categories_of(estimator: Any) -> Mapping[int, tuple[Any, ...]]:
    """Return the pandas categories that a model was trained on, by the place of their column."""
    read = _CATEGORIES.get(library_of(estimator) or "")
    return read(estimator) if read and _is_fitted(estimator) else {}


def _is_fitted(estimator: Any) -> bool:
    """Tell whether a model was fitted; a search or a vote keeps the one that it was made from too."""
    if library_of(estimator) == "catboost":
        return bool(estimator.is_fitted())
    return vars(estimator).get("_Booster") is not None

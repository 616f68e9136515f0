"""Which library made an estimator, and its trees and categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model.trees import catboost, lightgbm, xgboost
from model.trees.boosted import Boosted

_READERS = {"catboost": catboost.read, "lightgbm": lightgbm.read, "xgboost": xgboost.read}
_CATEGORIES = {"lightgbm": lightgbm.categories, "xgboost": xgboost.categories}


def library_of(estimator: Any) -> str | None:
    """Return the boosting library whose own class an estimator is; a subclass may do anything."""
    home = type(estimator).__module__.split(".")[0]
    return home if home in _READERS else None


def read_boosted(estimator: Any) -> Boosted:
    """Return the trees of a library's model, or raise Inexact with what cannot be read exactly."""
    return _READERS[library_of(estimator) or ""](estimator)


def categories_of(estimator: Any) -> Mapping[int, tuple[Any, ...]]:
    """Return the pandas categories that a model was trained on, by the place of their column."""
    read = _CATEGORIES.get(library_of(estimator) or "")
    return read(estimator) if read else {}

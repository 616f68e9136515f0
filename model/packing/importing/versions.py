"""Which scikit-learn saved an estimator: it says so itself while it is opened."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from sklearn.exceptions import InconsistentVersionWarning


def opened(load: Callable[[], Any]) -> tuple[Any, str | None]:
    """Return what a function opens, and the version of scikit-learn that saved it, if it is not the one here."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        thing = load()
    saved = next((w.message for w in caught if isinstance(w.message, InconsistentVersionWarning)), None)
    return thing, saved and saved.original_sklearn_version

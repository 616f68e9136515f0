"""The estimator of the sample model that answers with its input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import validate_data


class Identity(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Predict the one feature itself."""

    def fit(self, X: Any, y: Any) -> Identity:
        """Remember the width of the rows; there is nothing else to learn."""
        validate_data(self, X, y)
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return each row's only number."""
        checked: NDArray[np.float64] = validate_data(self, X, reset=False, dtype=np.float64)
        return checked[:, 0]

    def __sklearn_is_fitted__(self) -> bool:
        """Tell that fit has run."""
        return hasattr(self, "n_features_in_")

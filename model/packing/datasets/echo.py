"""Echo: the identity model that the first tutorials deploy; what goes in comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import validate_data

from model.packing.datasets import Lesson
from model.packing.describe import Hints


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


def lesson(_: Path | None) -> Lesson:
    """Return a handful of numbers and the identity."""
    rows = pd.DataFrame({"x": np.arange(-5.0, 6.0)})
    return Lesson(
        title="Echo",
        estimator=Identity(),
        rows=rows,
        target=rows["x"],
        judged_rows=rows,
        judged_target=rows["x"],
        hints=Hints(target="x", whole=True),
        notes=("Answers every number with itself, one a row: for trying a deployment out.",),
    )

"""Echo: the identity model that the first tutorials deploy; what goes in comes out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from model.packing.datasets import SampleModel
from model.packing.describe import Hints
from model.packing.identity import Identity


def sample_model(_: Path | None) -> SampleModel:
    """Return a handful of numbers and the identity."""
    rows = pd.DataFrame({"x": np.arange(-5.0, 6.0)})
    return SampleModel(
        title="Echo",
        estimator=Identity(),
        rows=rows,
        target=rows["x"],
        test_rows=rows,
        test_target=rows["x"],
        hints=Hints(targets=("x",), whole=True),
        notes=("Answers every number with itself, one a row: for trying a deployment out.",),
    )

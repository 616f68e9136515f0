"""The sample models: each module makes its rows and fits its estimator, the same ones every time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from model.packing.describe import Hints


@dataclass(frozen=True)
class SampleModel:
    """An estimator, the rows that it is fitted on, and the rows that judge it."""

    title: str
    estimator: Any
    rows: pd.DataFrame
    target: pd.Series[Any]
    test_rows: pd.DataFrame
    test_target: pd.Series[Any]
    hints: Hints = field(default_factory=Hints)
    notes: tuple[str, ...] = ()


Maker = Callable[[Path | None], SampleModel]

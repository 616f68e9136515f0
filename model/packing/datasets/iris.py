"""Iris: which of three species a flower is, from four lengths."""

from __future__ import annotations

from pathlib import Path

from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from model.packing.datasets import SampleModel
from model.packing.describe import Hints

NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


def sample_model(_: Path | None) -> SampleModel:
    """Return Fisher's measurements and a forest of 100 trees."""
    bunch = load_iris(as_frame=True)
    rows = bunch.data.set_axis(NAMES, axis=1)
    train, test, right, held = train_test_split(rows, bunch.target, test_size=0.2, random_state=42)
    return SampleModel(
        title="Iris species",
        estimator=RandomForestClassifier(100, random_state=42),
        rows=train,
        target=right,
        test_rows=test,
        test_target=held,
        hints=Hints(
            targets=("species",),
            titles=tuple(f"Iris-{name}" for name in bunch.target_names),
            units=dict.fromkeys(NAMES, "cm"),
        ),
        notes=("R. A. Fisher's 150 flowers of 1936; a random fifth was held out.",),
    )

"""Train the sample models, the same way every time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from model.bundle.manifest import Manifest
from model.packing.data import PackError
from model.packing.datasets import Maker, SampleModel, churn, echo, iris, purchase, wine
from model.packing.evaluate import Judged
from model.packing.pack import Material, pack

SAMPLES: dict[str, Maker] = {
    "iris": iris.sample_model,
    "wine": wine.sample_model,
    "purchase": purchase.sample_model,
    "churn": churn.sample_model,
    "echo": echo.sample_model,
}


def fitted(name: str, data: Path | None = None) -> SampleModel:
    """Return a sample model with its estimator fitted."""
    if data is not None and name != "wine":
        raise PackError(f"{name} brings its own rows; --data is for wine")
    sample = SAMPLES[name](data)
    sample.estimator.fit(sample.rows, sample.target)
    return sample


def train(name: str, folder: Path, say: Callable[[str], None], data: Path | None = None) -> Manifest:
    """Fit a sample model and pack it, in place of the one that is there."""
    say("making rows and fitting the estimator")
    sample = fitted(name, data)
    material = Material(
        name=name,
        title=sample.title,
        estimator=sample.estimator,
        rows=sample.rows,
        judged=Judged(sample.test_rows, sample.test_target.to_frame(), "rows held out of training"),
        hints=sample.hints,
        notes=sample.notes,
    )
    return pack(material, folder, replace=True, say=say)

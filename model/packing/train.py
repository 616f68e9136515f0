"""Train the sample models, the same way every time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from model.bundle.manifest import Manifest
from model.packing.data import PackError
from model.packing.datasets import Lesson, Maker, churn, echo, iris, purchase, wine
from model.packing.evaluate import Judged
from model.packing.pack import Material, pack

SAMPLES: dict[str, Maker] = {
    "iris": iris.lesson,
    "wine": wine.lesson,
    "purchase": purchase.lesson,
    "churn": churn.lesson,
    "echo": echo.lesson,
}


def fitted(name: str, data: Path | None = None) -> Lesson:
    """Return a sample's lesson with its estimator fitted."""
    if data is not None and name != "wine":
        raise PackError(f"{name} brings its own rows; --data is for wine")
    lesson = SAMPLES[name](data)
    lesson.estimator.fit(lesson.rows, lesson.target)
    return lesson


def train(name: str, folder: Path, say: Callable[[str], None], data: Path | None = None) -> Manifest:
    """Fit a sample model and pack it, in place of the one that is there."""
    say("making rows and fitting the estimator")
    lesson = fitted(name, data)
    material = Material(
        name=name,
        title=lesson.title,
        estimator=lesson.estimator,
        rows=lesson.rows,
        judged=Judged(lesson.judged_rows, lesson.judged_target.to_frame(), "rows held out of training"),
        hints=lesson.hints,
        notes=lesson.notes,
    )
    return pack(material, folder, replace=True, say=say)

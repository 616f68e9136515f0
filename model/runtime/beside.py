"""A compiled copy, and scikit-learn for as many rows as it answers faster: both are proven, so both may answer."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from math import ceil, inf

from model.bundle.manifest import Manifest, Speed
from model.runtime.base import Answer, Model
from model.runtime.estimator import height
from model.schema.rows import Table

MANY = 1000
"""So many rows the larger figure of a form is for."""


class BesideModel(Model):
    """A model with two full forms."""

    def __init__(self, manifest: Manifest, copy: Model, own: Model) -> None:
        super().__init__(manifest)
        self._copy, self._own = copy, own
        self._least, self._most = faster_sizes(manifest.speed["sklearn"], manifest.speed["onnx"])

    def full_forms(self) -> tuple[Model, ...]:
        """Return both."""
        return self._copy, self._own

    def _predict(self, rows: Table) -> Answer:
        """Return the label or number of each row."""
        return self._faster(rows).answer_batches(rows)

    def _predict_proba(self, rows: Table) -> list[Answer]:
        """Return each row's probabilities."""
        return self._faster(rows).proba_batches(rows)

    def _faster(self, rows: Table) -> Model:
        return self._own if self._least <= height(rows) <= self._most else self._copy


def faster_sizes(one: Speed, other: Speed) -> tuple[float, float]:
    """Return from how many rows to how many a form is faster, if each row more costs as much as the one before."""
    (start, step), (other_start, other_step) = _line(one), _line(other)
    if step == other_step:
        return (1, inf) if start < other_start else (inf, inf)
    even = (other_start - start) / (step - other_step)
    return (1, even) if step > other_step else (max(1, ceil(even)), inf)


def _line(speed: Speed) -> tuple[float, float]:
    """Return what a call costs, and what each row costs."""
    step = ((speed.rows or speed.row) - speed.row) / (MANY - 1)
    return speed.row - step, step


def is_installed(manifest: Manifest) -> bool:
    """Tell whether the scikit-learn is here that the bundle was proven with."""
    try:
        return version("scikit-learn") == manifest.built_with["scikit-learn"]
    except (PackageNotFoundError, KeyError):
        return False

"""What a model takes and what it answers: names, order, types, bounds, categories and class labels."""

from __future__ import annotations

from typing import Literal

import msgspec

# A missing string on its way into ONNX, which knows no null: a code point that Unicode promises never to assign.
MISSING_TEXT = "\ufdd0"
MOST_PROBLEMS = 50

Type = Literal["number", "integer", "boolean", "string", "date"]
MATRIX_TYPES = ("number", "integer", "boolean")
Task = Literal["classification", "regression", "clustering", "outliers"]
Label = int | float | str | bool


class Feature(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One input of the model, as its training data showed it."""

    name: str
    type: Type
    dtype: str | None = None
    """The pandas type of the training column, where it is not the plain one of `type`."""
    exact: bool = False
    """Integers beyond 2^53, which float64 cannot hold."""
    null: Literal["nan", "none"] = "nan"
    """What training had in place of a missing value."""
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    typical: float | str | bool | None = None
    """The training median, or the commonest category: what explanations measure against."""
    categories: tuple[Label, ...] | None = None
    closed: bool = False
    """A value outside `categories` is refused, because the estimator refuses it."""
    missing: bool = False
    """Null is taken, because the estimator takes it."""


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One output of the model."""

    name: str
    classes: tuple[Label, ...] | None = None
    """Class labels in the order of the probabilities; none for a number."""
    titles: tuple[str, ...] | None = None
    """What people call the classes, where the labels are only codes."""
    whole: bool = False
    """Whole answers are written as integers."""


class Signature(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The contract between a caller and a model."""

    task: Task
    features: tuple[Feature, ...]
    targets: tuple[Target, ...]
    proba: bool = False
    column: bool = False
    """One target is answered as a column, one list a row, because the estimator was fitted on one."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the feature names in the model's own order."""
        return tuple(feature.name for feature in self.features)

    @property
    def prediction_names(self) -> tuple[str, ...]:
        """Return the names of the columns that predictions have in a file, beside those of the targets' own values.

        One that is a feature, as of a model that gets another one's predictions, is no such name.
        """
        if len(self.targets) == 1 and "prediction" not in self.names:
            return ("prediction",)
        return tuple(f"prediction_{target.name}" for target in self.targets)

    @property
    def answers_numbers(self) -> bool:
        """Tell whether every target is a number, and none a class."""
        return all(target.classes is None for target in self.targets)

    @property
    def numeric(self) -> bool:
        """Tell whether one matrix of numbers holds every feature."""
        return all(feature.type in MATRIX_TYPES and not feature.exact for feature in self.features)


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is wrong with one row, in words that help its sender to mend it."""

    code: Literal["shape", "width", "missing", "unknown", "type", "category", "null", "finite", "answer"]
    message: str
    row: int | None = None
    feature: str | None = None

    def __str__(self) -> str:
        """Say where, then what."""
        where = [] if self.row is None else [f"row {self.row}"]
        where += [] if self.feature is None else [self.feature]
        return f"{', '.join(where)}: {self.message}" if where else self.message


class SignatureError(ValueError):
    """Rows that the model cannot take, with everything that is wrong with them."""

    def __init__(self, problems: list[Problem], total: int | None = None) -> None:
        self.problems = tuple(problems[:MOST_PROBLEMS])
        self.total = len(problems) if total is None else total
        shown = "; ".join(str(problem) for problem in self.problems[:5])
        super().__init__(shown if self.total <= 5 else f"{shown}; and {self.total - 5} more")

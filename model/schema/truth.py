"""A reported ground truth as the model would predict it."""

from __future__ import annotations

from math import isfinite
from typing import Any

from model.schema.signature import Label, Target
from model.schema.values import kind_of


class TruthError(ValueError):
    """A truth that the target cannot have."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def label_or_number(target: Target, truth: Any) -> Label:
    """Return the label of a class, or a number."""
    if target.classes is None:
        return _number(target.name, truth)
    for label, title in zip(target.classes, target.titles or target.classes, strict=True):
        if _same(truth, label) or _same(truth, title):
            return label
    known = ", ".join(str(title)[:40] for title in (target.titles or target.classes)[:10])
    raise TruthError("category", f"{target.name} has no class {_shown(truth)} (it has {known})")


def _number(name: str, truth: Any) -> float:
    if isinstance(truth, bool) or not isinstance(truth, int | float):
        raise TruthError("type", f"{name} is a number, not {_shown(truth)}")
    try:
        number = float(truth)
    except OverflowError:
        number = float("inf")
    if not isfinite(number):
        raise TruthError("finite", f"{name} is a finite number")
    return number


def _same(truth: Any, label: Any) -> bool:
    """Return whether two values are equal; 1 and true are not."""
    return isinstance(truth, bool) == isinstance(label, bool) and bool(truth == label)


def _shown(truth: Any) -> str:
    """Return the start of a text, or the kind of anything else, which may be of any size."""
    return repr(truth[:40]) if isinstance(truth, str) else kind_of(truth)

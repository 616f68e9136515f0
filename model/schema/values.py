"""One value of a row: whether its feature takes it, and if not, the sentence that says why."""

from __future__ import annotations

from math import isfinite
from typing import Any

from model.schema.signature import Feature, Problem

NUMBERS = frozenset({int, float})
ALLOWED = {
    "number": NUMBERS,
    "integer": NUMBERS,
    "boolean": frozenset({bool}) | NUMBERS,
    "string": frozenset({str}),
}
_KINDS = {"number": "a number", "integer": "a number", "boolean": "true or false", "string": "a string"}
_SAID = {bool: "a boolean", str: "a string", list: "a list", dict: "an object", type(None): "null"}


def problem(feature: Feature, value: Any, row: int, limit: float) -> Problem | None:
    """Return what is wrong with this value; numbers beyond the limit cannot be held by the model's input."""
    # Only NaN differs from itself. Among numbers it is null; among strings it is not one.
    if value is None or (value != value and feature.type != "string"):  # noqa: PLR0124
        text = "may not be null: the model does not take missing values"
        return None if feature.missing else Problem("null", text, row, feature.name)
    if type(value) not in ALLOWED[feature.type]:
        text = f"expected {_KINDS[feature.type]}, got {said(value)}"
        return Problem("type", text, row, feature.name)
    if feature.type != "string" and not _fits(value, limit):
        return Problem("finite", "is too large or not a finite number", row, feature.name)
    if feature.closed and value not in (feature.categories or ()):
        known = ", ".join(str(category) for category in (feature.categories or ())[:10])
        return Problem("category", f"is not one of the categories known from training ({known})", row, feature.name)
    return None


def said(value: object) -> str:
    """Name the kind of a JSON value."""
    return _SAID.get(type(value), "a number")


def _fits(value: float, limit: float) -> bool:
    try:
        return isfinite(value) and abs(value) <= limit
    except OverflowError:
        return False

"""One value of a row: whether its feature takes it, and if not, the sentence that explains why."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite
from typing import Any

from model.schema.signature import MISSING_TEXT, Feature, Problem

NUMBERS = frozenset({int, float})
ALLOWED = {
    "number": NUMBERS,
    "integer": NUMBERS,
    "boolean": frozenset({bool}) | NUMBERS,
    "string": frozenset({str}),
    "date": frozenset({str}),
}
_EXPECTED = {
    "number": "a number",
    "integer": "a number",
    "boolean": "true or false",
    "string": "a string",
    "date": "a date in ISO 8601",
}
_KINDS = {bool: "a boolean", str: "a string", list: "a list", dict: "an object", type(None): "null"}
FLAGS = frozenset({False, True})
"""What a boolean may be; 0 and 1 are equal to them."""
LARGEST_EXACT = 2**53
"""A float holds each whole number up to this one."""
_INT64 = range(-(2**63), 2**63)
# pandas would make another date of any other, without a word.
_NANOSECOND_YEARS = range(1678, 2262)


def problem(feature: Feature, value: Any, row: int, limit: float) -> Problem | None:
    """Return what is wrong with this value; numbers beyond the limit are more than the model was proven for."""
    # Only NaN differs from itself. Among numbers it is null; among strings it is not one.
    if value is None or (value != value and feature.type in ("number", "integer", "boolean")):  # noqa: PLR0124
        text = "may not be null: the model does not take missing values"
        return None if feature.missing else Problem("null", text, row, feature.name)
    if type(value) not in ALLOWED[feature.type]:
        text = f"expected {_EXPECTED[feature.type]}, got {kind_of(value)}"
        return Problem("type", text, row, feature.name)
    if found := _unfit(feature, value, limit):
        return Problem(*found, row, feature.name)
    if feature.closed and value not in (feature.categories or ()):
        known = ", ".join(str(category) for category in (feature.categories or ())[:10])
        return Problem("category", f"is not one of the categories known from training ({known})", row, feature.name)
    return None


def _unfit(feature: Feature, value: Any, limit: float) -> tuple[Any, str] | None:
    if feature.type == "string":
        # It stands for a missing string on its way into ONNX; no form of a model may take it for another one.
        return ("type", "is U+FDD0, which is not a character") if value == MISSING_TEXT else None
    if feature.type == "date":
        return _wrong_date(value, feature)
    if feature.type == "boolean":
        return None if value in FLAGS else ("type", f"expected {_EXPECTED['boolean']}, got another number than 0 and 1")
    if feature.exact:
        fits = value == int(value) and int(value) in _INT64 if isfinite(value) else False
        exact = type(value) is int or abs(value) <= LARGEST_EXACT
        if not fits:
            return "finite", "is not a whole number that fits 64 bits"
        return None if exact else ("finite", "came with a decimal point, which cannot hold it exactly")
    if not _fits(value, limit):
        return "finite", f"is not a finite number of at most {limit:.6g}"
    return None if is_exact(value) else ("finite", "is a whole number that a float cannot hold exactly")


def _wrong_date(value: str, feature: Feature) -> tuple[Any, str] | None:
    found = moment(value)
    if found is None:
        return "type", 'expected a date in ISO 8601, like "2026-11-26" or "2026-11-26T10:30:00"'
    if (found.tzinfo is not None) != has_zone(feature):
        return "type", "needs a time zone, like +00:00" if has_zone(feature) else "may not have a time zone"
    if found.tzinfo is not None and not _fits_utc(found):
        return "finite", "is not within the years 1 to 9999 of UTC"
    if "[ns" in (feature.dtype or "") and found.year not in _NANOSECOND_YEARS:
        return "finite", "is not within the years 1678 to 2261, which is all that the model's type of date holds"
    return None


def is_missing(value: Any) -> bool:
    """Tell whether a value is None or NaN, the only one that differs from itself."""
    return value is None or bool(value != value)  # noqa: PLR0124


def moment(text: str) -> datetime | None:
    """Return the date and time that a text is, or None."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _fits_utc(found: datetime) -> bool:
    try:
        found.astimezone(UTC)
    except OverflowError:
        return False
    return True


def has_zone(feature: Feature) -> bool:
    """Tell whether the dates of training had a time zone."""
    return feature.type == "date" and "," in (feature.dtype or "")


def kind_of(value: object) -> str:
    """Name the kind of a JSON value."""
    return _KINDS.get(type(value), "a number")


def is_exact(value: float) -> bool:
    """Tell whether a float holds this finite number exactly as the caller wrote it."""
    return type(value) is not int or -LARGEST_EXACT <= value <= LARGEST_EXACT or float(value) == value


def _fits(value: float, limit: float) -> bool:
    try:
        return isfinite(value) and abs(value) <= limit
    except OverflowError:
        return False

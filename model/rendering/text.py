"""Numbers, values, names and lists as text that people read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import floor, isfinite, log10
from unicodedata import east_asian_width

from model.schema.signature import Target

MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
TIMES = "\N{NO-BREAK SPACE}\N{MULTIPLICATION SIGN}\N{NO-BREAK SPACE}"

# Control codes could drive a terminal, bidirectional ones could turn a page's words round, XML knows no others.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def printable(text: str) -> str:
    """Return text with whatever must not reach a page or a terminal replaced by a visible mark."""
    return _UNPRINTABLE.sub("\ufffd", text)


def truncate(text: str, most: int) -> str:
    """Cut text to so many columns, the last of which is then an ellipsis."""
    columns = 0
    for place, char in enumerate(text):
        columns += 2 if east_asian_width(char) in "WF" else 1
        if columns > most:
            return text[: max(place - 1, 0)].rstrip() + "…"
    return text


def format_number(value: float) -> str:
    """Write a number to four digits, plainly where it can be; years keep their look, large numbers get commas."""
    if value == 0 or not isfinite(value):
        return f"{value:g}"
    size = floor(log10(abs(value)))
    if not -4 <= size < 9:
        digits, power = f"{value:.2e}".split("e")
        return with_minus_sign(f"{_trimmed(digits)}{TIMES}10{str(int(power)).translate(_RAISED)}")
    text = _trimmed(f"{value:,.{max(0, 3 - size)}f}")
    return with_minus_sign(text if abs(value) >= 10_000 else text.replace(",", ""))


def with_minus_sign(digits: str) -> str:
    """Return digits with a true minus sign."""
    return digits.replace("-", MINUS)


def format_range(low: float, high: float) -> str:
    """Write a range."""
    return f"{format_number(low)} {DASH} {format_number(high)}"


def shared_format(values: Sequence[float]) -> Callable[[float], str]:
    """Return how to write some numbers one under the other: all with the decimals that suit the largest."""
    largest = max((abs(value) for value in values), default=0.0)
    digits = max(0, 2 - floor(log10(largest))) if 1e-4 <= largest < 1e9 else None
    return format_number if digits is None else lambda value: with_minus_sign(f"{value:,.{digits}f}")


def format_percent(share: float) -> str:
    """Write a share as whole per cent, without ever rounding some to none or most to all."""
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def format_value(value: object) -> str:
    """Write any value of a cell, a category or a class."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_number(value) if isinstance(value, int | float) else printable(str(value))


def format_count(amount: int, noun: str) -> str:
    """Write how many there are of something."""
    return f"{format_number(amount)} {noun}" if amount == 1 else f"{format_number(amount)} {noun}s"


def join_values(values: Sequence[object], most: int) -> str:
    """Write the first of some values, and how many more there are."""
    words = ", ".join(format_value(value) for value in values[:most])
    return f"{words} and {format_number(len(values) - most)} more" if len(values) > most else words


def class_names(target: Target) -> tuple[str, ...]:
    """Return what people call a target's classes, in the order of the classes."""
    return tuple(printable(title) for title in target.titles or ()) or tuple(
        format_value(label) for label in target.classes or ()
    )


def _trimmed(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits

"""What figures are drawn with: elements, texts, scales, and axes of round values."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from math import ceil, floor, log10

from model.rendering.text import printable, truncate, with_minus_sign

Scale = Callable[[float], float]
_FAR = 1e300
# From which size on an axis counts in what, and how it marks that.
_SIZES = ((1e6, 1e6, "M"), (1e5, 1e3, "k"), (0.0, 1.0, ""))


def tag(name: str, *inside: str, **attributes: str | float) -> str:
    """Write one element: what is inside is markup already, attributes are escaped here."""
    pairs = (f' {key.strip("_").replace("_", "-")}="{_attribute(value)}"' for key, value in attributes.items())
    return f"<{name}{''.join(pairs)}>{''.join(inside)}</{name}>"


def escape_text(text: str) -> str:
    """Return text as markup that says just that text."""
    return escape(printable(text))


def figure(title: str, description: str, size: tuple[float, float], *inside: str) -> str:
    """Return one figure, with a title and a description for screen readers."""
    box = f"0 0 {size[0]:g} {max(size[1], 1):.5g}"
    labels = (tag("title", escape_text(title)), tag("desc", escape_text(description)))
    return tag("svg", *labels, *inside, class_="fig", role="img", viewBox=box, font_size=12)


def text_element(x: float, y: float, text: str, most: int = 60, /, **attributes: str | float) -> str:
    """Write text into a figure, cut to so many columns; a pointer on it shows the whole."""
    shown = truncate(printable(text), most)
    hover = "" if shown == printable(text) else tag("title", escape_text(text))
    return tag("text", hover, escape(shown), x=x, y=y, **({"class_": "fig-label"} | attributes))


def linear_scale(low: float, high: float, start: float, end: float) -> Scale:
    """Map a range of values onto a stretch of the drawing."""
    return lambda value: start + (value - low) / (high - low) * (end - start)


def widen(low: float, high: float) -> tuple[float, float]:
    """Return a range that can be drawn: more than a point, and of a length that is still a number."""
    low, high = max(low, -_FAR), min(high, _FAR)
    room = max(abs(low), 1.0) / 2
    return (low, high) if high - low > max(abs(low), abs(high)) * 1e-12 + 1 / _FAR else (low - room, high + room)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round values within a range, evenly apart: so many steps at most."""
    least = (high - low) / most
    power = 10.0 ** floor(log10(least))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10, 20) if power * factor >= least * 0.999999)
    return [place * step for place in range(ceil(low / step - 1e-6), floor(high / step + 1e-6) + 1)]


def labelled_ticks(values: Sequence[float]) -> list[tuple[float, str]]:
    """Return an axis's values with their labels, which are short and all have the same decimals."""
    top = max(map(abs, values))
    step = (values[-1] - values[0]) / (len(values) - 1) if len(values) > 1 else top
    if step < 1e-4 or top >= 1e9:
        return [(value, with_minus_sign(re.sub(r"e\+?(-?)0*", r"e\1", f"{value:g}"))) for value in values]
    size, mark = next(
        (size, mark) for least, size, mark in _SIZES if top >= least and (not least or step >= size / 100)
    )
    digits = next(digits for digits in range(9) if abs(round(step / size, digits) * size - step) < step * 1e-3)
    # Thousands are set apart only where there are tens of them: a year keeps its look.
    form = f",.{digits}f" if top >= 10_000 else f".{digits}f"
    return [(value, with_minus_sign(f"{value / size:{form}}{mark}") if value or not mark else "0") for value in values]


def _attribute(value: str | float) -> str:
    return escape_text(value) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")

"""A bar chart as inline SVG: one bar a name, from a common zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from model.rendering.svg import Scale, figure, linear_scale, tag, text_element, widen
from model.rendering.text import format_number

LETTER_WIDTH = 6.5
# How wide the chart is, and where its bars begin and end: names stand before them, values behind.
_WIDE, _NARROW = (320, 116, 230), (240, 104, 192)


def bar_chart(
    title: str,
    rows: Sequence[tuple[str, float]],
    form: Callable[[float], str] = format_number,
    *,
    small: bool = False,
    ends: tuple[float, float] | None = None,
) -> str:
    """Draw one bar for each name; `ends` lets several charts share a scale."""
    low, high = ends or extent([value for _, value in rows])
    lane = _NARROW if small else _WIDE
    x = linear_scale(low, high, lane[1], lane[2])
    inside = [_bar(place * 22, row, form, x, lane) for place, row in enumerate(rows)]
    zero = tag("line", x1=x(0), x2=x(0), y1=0, y2=len(rows) * 22, class_="fig-axis")
    description = "; ".join(f"{name}: {form(value)}" for name, value in rows[:12])
    return figure(title, description, (lane[0], len(rows) * 22), *inside, zero)


def extent(values: Sequence[float]) -> tuple[float, float]:
    """Return the range of some values with zero in it."""
    return widen(min(0.0, *values, 0.0), max(0.0, *values, 0.0))


def _bar(top: float, row: tuple[str, float], form: Callable[[float], str], x: Scale, lane: tuple[int, int, int]) -> str:
    name, value = row
    left, right = sorted((x(0), x(value)))
    kind = "fig-bar" if value >= 0 else "fig-wrong"
    return (
        tag("rect", x=lane[1], y=top + 5, width=lane[2] - lane[1], height=12, class_="fig-track")
        + tag("rect", x=left, y=top + 5, width=right - left, height=12, class_=kind)
        + text_element(0, top + 15, name, int(lane[1] / LETTER_WIDTH) - 1)
        + text_element(lane[0], top + 15, form(value), text_anchor="end", class_="fig-value")
    )

"""Figures of a model card: pure functions from numbers to inline SVG.

A strict Content-Security-Policy can hold them: no script, no style attribute, no reference to anything. Colours
come from the page, by class (`content.css`); sizes are those of the viewBox, made to be read on a telephone.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil

from model.rendering.bar_chart import LETTER_WIDTH
from model.rendering.svg import (
    Scale,
    escape_text,
    figure,
    labelled_ticks,
    linear_scale,
    tag,
    text_element,
    ticks,
    widen,
)
from model.rendering.text import format_count, format_number, format_percent, format_range

WIDTH, SMALL = 320, 240
_POINT = 0.01


def matrix(title: str, counts: Sequence[Sequence[int]], names: Sequence[str]) -> str:
    """Draw a confusion matrix: rows are true classes, columns predicted ones, shades are shares of a row."""
    longest = min(max(len(name) for name in names), 14) * LETTER_WIDTH
    margin = max(longest + 12, 48)
    side = min(96.0, (WIDTH - margin - 4) / len(names))
    level = longest < side
    left, top = (WIDTH + margin - side * len(names)) / 2, 40.0 if level else 32 + longest
    cells = []
    for true, row in enumerate(counts):
        for predicted, amount in enumerate(row):
            share, kind = amount / (sum(row) or 1), "fig-right" if true == predicted else "fig-wrong"
            labels = f"true {names[true]}, predicted {names[predicted]}"
            hover = f"{labels}: {format_count(amount, 'row')}, {format_percent(share)}"
            box = (left + predicted * side, top + true * side, side)
            cells.append(_cell(box, amount, share, tag("title", escape_text(hover)), kind))
    hits = sum(row[place] for place, row in enumerate(counts))
    rows = format_count(sum(map(sum, counts)), "row")
    description = f"{format_number(hits)} of {rows} lie on the diagonal, where the prediction is right."
    return figure(
        title, description, (WIDTH, top + side * len(names) + 2), _heads(names, left, top, side, level=level), *cells
    )


def scatter(title: str, points: Sequence[tuple[float, float]], name: str) -> str:
    """Draw predicted against true numbers, with the diagonal on which every prediction would be right."""
    values = [value for point in points for value in point]
    plane, x, y = _plane(*widen(min(values), max(values)), (f"true {name} →", f"↑ predicted {name}"))
    dots = (tag("circle", cx=x(true), cy=y(predicted), r=2.6, class_="fig-dot") for true, predicted in points)
    description = (
        f"{format_count(len(points), 'row')}, from {format_number(min(values))} to {format_number(max(values))}."
    )
    return figure(title, description, (WIDTH, 334), plane, *dots)


def calibration(title: str, bins: Sequence[tuple[float, float, int]]) -> str:
    """Draw how often what was predicted came true, and under it how many rows each point stands for."""
    plane, x, y = _plane(0.0, 1.0, ("predicted probability →", "↑ how often it came true"))
    line = tag("polyline", points=" ".join(f"{x(mean):.1f},{y(rate):.1f}" for mean, rate, _ in bins), class_="fig-line")
    most = max((amount for _, _, amount in bins), default=0) or 1
    marks = [tag("line", x1=x(0), x2=x(1), y1=394, y2=394, class_="fig-axis")]
    free = 0.0
    for mean, rate, amount in bins:
        hover = tag(
            "title",
            f"{format_percent(mean)} predicted, {format_percent(rate)} came true, {format_count(amount, 'row')}",
        )
        marks.append(tag("circle", hover, cx=x(mean), cy=y(rate), r=4, class_="fig-point"))
        tall = amount / most * 36
        marks.append(tag("rect", hover, x=x(mean) - 5, y=394 - tall, width=10, height=tall, class_="fig-bar"))
        reach = len(format_number(amount)) * LETTER_WIDTH / 2
        if x(mean) - reach >= free:
            marks.append(text_element(x(mean), 408, format_number(amount), text_anchor="middle", class_="fig-muted"))
            free = x(mean) + reach + 4
    caption = text_element(x(0), 350, "rows", class_="fig-muted")
    description = "; ".join(
        f"{format_percent(mean)} predicted, {format_percent(rate)} came true ({amount})" for mean, rate, amount in bins
    )
    return figure(title, description, (WIDTH, 412), plane, line, caption, *marks)


def density(
    title: str,
    counts: Sequence[int],
    edges: Sequence[float],
    ends: tuple[float | None, float | None] = (None, None),
    unit: str | None = None,
) -> str:
    """Draw where values lie: ranges differ in width, so a bar's area and not its height stands for its rows."""
    bounds = _bounds(edges, ends)
    low, high = widen(bounds[0], bounds[-1])
    x = linear_scale(low, high, 6, SMALL - 6)
    ranges = [(amount, pair, x(pair[1]) - x(pair[0])) for amount, pair in zip(counts, pairwise(bounds), strict=True)]
    densest = max((amount / wide for amount, _, wide in ranges if wide > _POINT), default=0) or 1
    inside = [tag("line", x1=6, x2=SMALL - 6, y1=70, y2=70, class_="fig-axis")]
    for amount, (start, end), wide in ranges:
        hover = tag("title", f"{format_range(start, end)}: {format_count(amount, 'row')}")
        # What lies on a single value has no width and would be infinitely dense: a line as tall as its rows.
        tall = 62 * (amount / wide / densest if wide > _POINT else amount / (max(counts) or 1))
        kind = "fig-spike" if wide <= _POINT else "fig-bar fig-seam" if wide > 4 else "fig-bar"
        drawn = wide if wide > _POINT else 2
        inside.append(tag("rect", hover, x=x(start), y=70 - tall, width=drawn, height=tall, class_=kind))
    for value, label in labelled_ticks(ticks(low, high, 4)):
        inside.append(
            text_element(min(max(x(value), 14), SMALL - 14), 84, label, text_anchor="middle", class_="fig-muted")
        )
    inside += [text_element(SMALL / 2, 98, unit, 30, text_anchor="middle", class_="fig-muted")] if unit else []
    rows, ranges_ = format_count(sum(counts), "row"), format_count(len(counts), "range")
    description = f"{rows} in {ranges_} from {format_number(low)} to {format_number(high)}."
    return figure(title, description, (SMALL, 102 if unit else 88), *inside)


def _heads(names: Sequence[str], left: float, top: float, side: float, *, level: bool) -> str:
    inside = [
        text_element(left, 11, "predicted →", class_="fig-muted"),
        text_element(left - 8, top - 7, "true ↓", text_anchor="end", class_="fig-muted"),
    ]
    for place, name in list(enumerate(names))[:: ceil(13 / side)]:
        middle = (place + 0.5) * side
        spot = f"rotate(-90 {left + middle:.1f} {top - 7:.1f}) translate(0 4)"
        turn = {"text_anchor": "middle"} if level else {"transform": spot}
        inside.append(text_element(left + middle, top - 7, name, 14, **turn))
        inside.append(text_element(left - 7, top + middle + 4, name, 14, text_anchor="end"))
    return "".join(inside)


def _cell(box: tuple[float, float, float], amount: int, share: float, hover: str, kind: str) -> str:
    x, y, side = box
    square = {"x": x + 1, "y": y + 1, "width": side - 2, "height": side - 2}
    # Half at most, so that what is written on it keeps its contrast in light and in dark.
    shade = tag("rect", hover, **square, class_=kind, fill_opacity=share / 2)
    shade += tag("rect", **square, class_="fig-box", pointer_events="none")
    size = min(14.0, side * 0.6, side * 1.5 / len(format_number(amount)))
    if size < 7 or (side < 20 and not amount):
        return shade
    middle, centre, roomy = x + side / 2, y + side / 2, side >= 44
    below = (
        text_element(middle, centre + 16, format_percent(share), text_anchor="middle", font_size=11) if roomy else ""
    )
    height = centre if roomy else centre + size / 3
    label = text_element(
        middle, height, format_number(amount), text_anchor="middle", class_="fig-value", font_size=size
    )
    return shade + label + below


def _plane(low: float, high: float, titles: tuple[str, str]) -> tuple[str, Scale, Scale]:
    x, y = linear_scale(low, high, 48, 312), linear_scale(low, high, 288, 24)
    inside = [
        text_element(0, 11, titles[1], 40, class_="fig-muted"),
        text_element(312, 328, titles[0], 40, text_anchor="end", class_="fig-muted"),
    ]
    for value, label in labelled_ticks(ticks(low, high)):
        inside.append(tag("line", x1=48, x2=312, y1=y(value), y2=y(value), class_="fig-grid"))
        inside.append(tag("line", x1=x(value), x2=x(value), y1=24, y2=288, class_="fig-grid"))
        inside.append(text_element(42, y(value) + 4, label, text_anchor="end", class_="fig-muted"))
        inside.append(text_element(min(x(value), 306), 310, label, text_anchor="middle", class_="fig-muted"))
    ideal = tag("line", x1=48, y1=288, x2=312, y2=24, class_="fig-ideal")
    return "".join(inside) + ideal, x, y


def _bounds(edges: Sequence[float], ends: tuple[float | None, float | None]) -> list[float]:
    low, high = ends
    # Where it is not known how far the open ends go, each is drawn as wide as its neighbour.
    before = edges[1] - edges[0] if len(edges) > 1 else max(abs(edges[0]), 1.0) / 2
    after = edges[-1] - edges[-2] if len(edges) > 1 else before
    first = edges[0] - before if low is None else min(low, edges[0])
    last = edges[-1] + after if high is None else max(high, edges[-1])
    return [first, *edges, last]

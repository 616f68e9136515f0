"""Figures of a model card: pure functions from numbers to inline SVG.

A strict Content-Security-Policy can hold them: no script, no style attribute, no reference to anything. Colours
come from the page, by class (`page.css`); sizes are those of the viewBox, made to be read on a telephone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil

from model.card.svg import Scale, figure, labelled, scale, tag, ticks, widened, words, write
from model.card.words import between, count, number, percent

WIDTH, SMALL = 320, 240
_LETTER = 6.5
_POINT = 0.01
# How wide a figure of bars is, and where its bars begin and end: names stand before them, values behind.
_WIDE, _NARROW = (WIDTH, 116, 230), (SMALL, 104, 192)


def bars(
    title: str,
    rows: Sequence[tuple[str, float]],
    form: Callable[[float], str] = number,
    *,
    small: bool = False,
    ends: tuple[float, float] | None = None,
) -> str:
    """Draw one bar a name from a common zero; `ends` lets several figures share a scale."""
    low, high = ends or extent([value for _, value in rows])
    lane = _NARROW if small else _WIDE
    x = scale(low, high, lane[1], lane[2])
    inside = [_bar(place * 22, row, form, x, lane) for place, row in enumerate(rows)]
    zero = tag("line", x1=x(0), x2=x(0), y1=0, y2=len(rows) * 22, class_="fig-axis")
    told = "; ".join(f"{name}: {form(value)}" for name, value in rows[:12])
    return figure(title, told, (lane[0], len(rows) * 22), *inside, zero)


def extent(values: Sequence[float]) -> tuple[float, float]:
    """Return the range of some values with zero in it."""
    return widened(min(0.0, *values, 0.0), max(0.0, *values, 0.0))


def matrix(title: str, counts: Sequence[Sequence[int]], names: Sequence[str]) -> str:
    """Draw a confusion matrix: rows are true classes, columns predicted ones, shades are shares of a row."""
    longest = min(max(len(name) for name in names), 14) * _LETTER
    margin = max(longest + 12, 48)
    side = min(96.0, (WIDTH - margin - 4) / len(names))
    level = longest < side
    left, top = (WIDTH + margin - side * len(names)) / 2, 40.0 if level else 32 + longest
    cells = []
    for true, row in enumerate(counts):
        for said, amount in enumerate(row):
            share, kind = amount / (sum(row) or 1), "fig-right" if true == said else "fig-wrong"
            hover = f"true {names[true]}, predicted {names[said]}: {count(amount, 'row')}, {percent(share)}"
            box = (left + said * side, top + true * side, side)
            cells.append(_cell(box, amount, share, tag("title", words(hover)), kind))
    hits = sum(row[place] for place, row in enumerate(counts))
    told = (
        f"{number(hits)} of {count(sum(map(sum, counts)), 'row')} lie on the diagonal, where the prediction is right."
    )
    return figure(
        title, told, (WIDTH, top + side * len(names) + 2), _heads(names, left, top, side, level=level), *cells
    )


def scatter(title: str, points: Sequence[tuple[float, float]], name: str) -> str:
    """Draw predicted against true numbers, with the diagonal on which every prediction would be right."""
    values = [value for point in points for value in point]
    plane, x, y = _plane(*widened(min(values), max(values)), (f"true {name} →", f"↑ predicted {name}"))
    dots = (tag("circle", cx=x(true), cy=y(said), r=2.6, class_="fig-dot") for true, said in points)
    told = f"{count(len(points), 'row')}, from {number(min(values))} to {number(max(values))}."
    return figure(title, told, (WIDTH, 334), plane, *dots)


def calibration(title: str, bins: Sequence[tuple[float, float, int]]) -> str:
    """Draw how often what was predicted came true, and under it how many rows each point stands for."""
    plane, x, y = _plane(0.0, 1.0, ("predicted probability →", "↑ how often it came true"))
    line = tag("polyline", points=" ".join(f"{x(mean):.1f},{y(rate):.1f}" for mean, rate, _ in bins), class_="fig-line")
    most = max((amount for _, _, amount in bins), default=0) or 1
    marks = [tag("line", x1=x(0), x2=x(1), y1=394, y2=394, class_="fig-axis")]
    free = 0.0
    for mean, rate, amount in bins:
        hover = tag("title", f"{percent(mean)} predicted, {percent(rate)} came true, {count(amount, 'row')}")
        marks.append(tag("circle", hover, cx=x(mean), cy=y(rate), r=4, class_="fig-point"))
        tall = amount / most * 36
        marks.append(tag("rect", hover, x=x(mean) - 5, y=394 - tall, width=10, height=tall, class_="fig-bar"))
        reach = len(number(amount)) * _LETTER / 2
        if x(mean) - reach >= free:
            marks.append(write(x(mean), 408, number(amount), text_anchor="middle", class_="fig-muted"))
            free = x(mean) + reach + 4
    caption = write(x(0), 350, "rows", class_="fig-muted")
    told = "; ".join(f"{percent(mean)} predicted, {percent(rate)} came true ({amount})" for mean, rate, amount in bins)
    return figure(title, told, (WIDTH, 412), plane, line, caption, *marks)


def density(
    title: str,
    counts: Sequence[int],
    edges: Sequence[float],
    ends: tuple[float | None, float | None] = (None, None),
    unit: str | None = None,
) -> str:
    """Draw where values lie: ranges differ in width, so a bar's area and not its height stands for its rows."""
    bounds = _bounds(edges, ends)
    low, high = widened(bounds[0], bounds[-1])
    x = scale(low, high, 6, SMALL - 6)
    ranges = [(amount, pair, x(pair[1]) - x(pair[0])) for amount, pair in zip(counts, pairwise(bounds), strict=True)]
    densest = max((amount / wide for amount, _, wide in ranges if wide > _POINT), default=0) or 1
    inside = [tag("line", x1=6, x2=SMALL - 6, y1=70, y2=70, class_="fig-axis")]
    for amount, (start, end), wide in ranges:
        hover = tag("title", f"{between(start, end)}: {count(amount, 'row')}")
        # What lies on a single value has no width and would be infinitely dense: a line as tall as its rows.
        tall = 62 * (amount / wide / densest if wide > _POINT else amount / (max(counts) or 1))
        kind = "fig-spike" if wide <= _POINT else "fig-bar fig-seam" if wide > 4 else "fig-bar"
        drawn = wide if wide > _POINT else 2
        inside.append(tag("rect", hover, x=x(start), y=70 - tall, width=drawn, height=tall, class_=kind))
    for value, label in labelled(ticks(low, high, 4)):
        inside.append(write(min(max(x(value), 14), SMALL - 14), 84, label, text_anchor="middle", class_="fig-muted"))
    inside += [write(SMALL / 2, 98, unit, 30, text_anchor="middle", class_="fig-muted")] if unit else []
    told = f"{count(sum(counts), 'row')} in {count(len(counts), 'range')} from {number(low)} to {number(high)}."
    return figure(title, told, (SMALL, 102 if unit else 88), *inside)


def _bar(top: float, row: tuple[str, float], form: Callable[[float], str], x: Scale, lane: tuple[int, int, int]) -> str:
    name, value = row
    left, right = sorted((x(0), x(value)))
    kind = "fig-bar" if value >= 0 else "fig-wrong"
    return (
        tag("rect", x=lane[1], y=top + 5, width=lane[2] - lane[1], height=12, class_="fig-track")
        + tag("rect", x=left, y=top + 5, width=right - left, height=12, class_=kind)
        + write(0, top + 15, name, int(lane[1] / _LETTER) - 1)
        + write(lane[0], top + 15, form(value), text_anchor="end", class_="fig-value")
    )


def _heads(names: Sequence[str], left: float, top: float, side: float, *, level: bool) -> str:
    inside = [
        write(left, 11, "predicted →", class_="fig-muted"),
        write(left - 8, top - 7, "true ↓", text_anchor="end", class_="fig-muted"),
    ]
    for place, name in list(enumerate(names))[:: ceil(13 / side)]:
        middle = (place + 0.5) * side
        spot = f"rotate(-90 {left + middle:.1f} {top - 7:.1f}) translate(0 4)"
        turn = {"text_anchor": "middle"} if level else {"transform": spot}
        inside.append(write(left + middle, top - 7, name, 14, **turn))
        inside.append(write(left - 7, top + middle + 4, name, 14, text_anchor="end"))
    return "".join(inside)


def _cell(box: tuple[float, float, float], amount: int, share: float, hover: str, kind: str) -> str:
    x, y, side = box
    square = {"x": x + 1, "y": y + 1, "width": side - 2, "height": side - 2}
    # Half at most, so that what is written on it keeps its contrast in light and in dark.
    shade = tag("rect", hover, **square, class_=kind, fill_opacity=share / 2)
    shade += tag("rect", **square, class_="fig-box", pointer_events="none")
    size = min(14.0, side * 0.6, side * 1.5 / len(number(amount)))
    if size < 7 or (side < 20 and not amount):
        return shade
    middle, centre, roomy = x + side / 2, y + side / 2, side >= 44
    below = write(middle, centre + 16, percent(share), text_anchor="middle", font_size=11) if roomy else ""
    height = centre if roomy else centre + size / 3
    said = write(middle, height, number(amount), text_anchor="middle", class_="fig-value", font_size=size)
    return shade + said + below


def _plane(low: float, high: float, titles: tuple[str, str]) -> tuple[str, Scale, Scale]:
    x, y = scale(low, high, 48, 312), scale(low, high, 288, 24)
    inside = [
        write(0, 11, titles[1], 40, class_="fig-muted"),
        write(312, 328, titles[0], 40, text_anchor="end", class_="fig-muted"),
    ]
    for value, label in labelled(ticks(low, high)):
        inside.append(tag("line", x1=48, x2=312, y1=y(value), y2=y(value), class_="fig-grid"))
        inside.append(tag("line", x1=x(value), x2=x(value), y1=24, y2=288, class_="fig-grid"))
        inside.append(write(42, y(value) + 4, label, text_anchor="end", class_="fig-muted"))
        inside.append(write(min(x(value), 306), 310, label, text_anchor="middle", class_="fig-muted"))
    ideal = tag("line", x1=48, y1=288, x2=312, y2=24, class_="fig-ideal")
    return "".join(inside) + ideal, x, y


def _bounds(edges: Sequence[float], ends: tuple[float | None, float | None]) -> list[float]:
    low, high = ends
    # Where nobody says how far the open ends go, each is drawn as wide as its neighbour.
    before = edges[1] - edges[0] if len(edges) > 1 else max(abs(edges[0]), 1.0) / 2
    after = edges[-1] - edges[-2] if len(edges) > 1 else before
    first = edges[0] - before if low is None else min(low, edges[0])
    last = edges[-1] + after if high is None else max(high, edges[-1])
    return [first, *edges, last]

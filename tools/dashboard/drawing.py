"""Draw a dashboard as Grafana lays it out, in one picture to be looked at."""

from itertools import pairwise
from math import cos, pi, sin
from textwrap import wrap

from model.rendering.svg import escape_text, linear_scale, tag, ticks, widen

ACROSS, DOWN, GAP, HEAD = 50, 30, 6, 30
COLOURS = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#37872d", "#fade2a", "#c4162a")
NAMED = {"green": "#73bf69", "orange": "#ff9830", "red": "#f2495c", "blue": "#5794f2"}
STYLE = """text { fill: #ccccdc; font: 11px sans-serif }
.title { font-size: 13px; font-weight: 600 } .row { font-size: 16px } .big { font-size: 40px }
.faint { fill: #8e8ea0 }"""
SIZES = {
    "s": ((1, "s"), (1e-3, "ms"), (1e-6, "µs")), "bytes": ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")),
    "Bps": ((1e6, "MB/s"), (1e3, "kB/s"), (1, "B/s")), "percentunit": ((0.01, "%"),), "reqps": ((1, "req/s"),),
    "short": ((1, ""),),
}  # fmt: skip


def drawn(found, title):
    """Return a picture of every panel at its place, with the series that it shows."""
    moments = [moment for _, series in found for _, points in series for moment, _ in points]
    places = [panel["gridPos"] for panel, _ in found]
    width, height = 24 * ACROSS, max(place["y"] + place["h"] for place in places) * DOWN + GAP
    back = tag("rect", width=width, height=height, fill="#111217")
    panels = [_panel(panel, series, (min(moments), max(moments))) for panel, series in found]
    named = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width} {height}", "role": "img"}
    return (
        tag("svg", tag("title", escape_text(title)), tag("style", STYLE), back, "\n", "\n".join(panels), **named) + "\n"
    )


def _panel(panel, series, span):
    place = panel["gridPos"]
    left, top = place["x"] * ACROSS + GAP / 2, place["y"] * DOWN + GAP / 2
    width, height = place["w"] * ACROSS - GAP, place["h"] * DOWN - GAP
    if panel["type"] == "row":
        return _text(left + 4, top + 19, panel["title"], class_="row")
    back = tag("rect", width=width, height=height, rx=3, fill="#181b1f", stroke="#2c2f36")
    inside = _KINDS[panel["type"]](panel, series, (width, height), span)
    title = _text(10, 20, panel["title"], class_="title")
    return tag("g", back, title, *inside, transform=f"translate({left:g} {top:g})")


def _text(x, y, text, **more):
    return tag("text", escape_text(text), x=x, y=y, **more)


def sized(value, unit):
    """Return in what a number is counted, and how that is written."""
    sizes = ((1, unit.removeprefix("suffix:")),) if unit.startswith("suffix:") else SIZES[unit]
    return next((each for each in sizes if abs(value) >= each[0]), sizes[-1] if value else sizes[0])


def shown(value, unit, decimals=None):
    """Return a number in its unit, as short as Grafana says it."""
    size, mark = sized(value, unit)
    if decimals is not None:
        return f"{value / size:.{decimals}f}{mark}"
    return f"{float(f'{value / size:.3g}'):g}{'' if mark == '%' else ' '}{mark}".rstrip()


def _prose(panel, _, size, __):
    lines = wrap(panel["options"]["content"], int(size[0] / 6.2))
    return [_text(10, 44 + 17 * number, line) for number, line in enumerate(lines)]


def _lines(panel, series, size, span):
    defaults, legend = panel["fieldConfig"]["defaults"], panel["options"]["legend"]
    series = [(name, points, COLOURS[number % len(COLOURS)]) for number, (name, points) in enumerate(series) if points]
    beside = legend["placement"] == "right"
    marks, right, bottom = (_beside if beside else _below)(series, defaults["unit"], size)
    values = [value for _, points, _ in series for _, value in points]
    soft = defaults["custom"].get("axisSoftMax", 0)
    low, high = widen(min([0, *values]), defaults.get("max", max([soft, *values])))
    x, y = linear_scale(*span, 74, right), linear_scale(low, high, bottom, HEAD + 8)
    found = [*_axes(defaults["unit"], span, (low, high), x, y)]
    if "thresholdsStyle" in defaults["custom"]:
        for step in defaults["thresholds"]["steps"][1:]:
            at = y(step["value"])
            found.append(
                tag("line", x1=74, x2=right, y1=at, y2=at, stroke=NAMED[step["color"]], stroke_dasharray="6 4")
            )
    for _, points, colour in series:
        path = " ".join(f"{x(moment):.0f},{y(value):.1f}" for moment, value in points)
        found.append(tag("polyline", points=path, fill="none", stroke=colour, stroke_width=1.2))
    return found + marks


def _axes(unit, span, bounds, x, y):
    size, _ = sized(bounds[1], unit)
    for value in (each * size for each in ticks(bounds[0] / size, bounds[1] / size)):
        yield tag("line", x1=x(span[0]), x2=x(span[1]), y1=y(value), y2=y(value), stroke="#2c2f36")
        yield _text(68, y(value) + 4, shown(value, unit), text_anchor="end", class_="faint")
    for minute in ticks(0, (span[1] - span[0]) / 60):
        yield _text(
            x(span[0] + minute * 60), y(bounds[0]) + 15, f"{minute:g} min", text_anchor="middle", class_="faint"
        )


def _beside(series, unit, size):
    """Return a legend with last values at the right, what is most first, and where the lines end."""
    right, marks = size[0] - 250, []
    most = int((size[1] - HEAD - 20) / 16)
    for number, (name, points, colour) in enumerate(sorted(series, key=lambda each: -each[1][-1][1])[:most]):
        y = HEAD + 20 + number * 16
        marks += [tag("rect", x=right + 18, y=y - 6, width=14, height=4, fill=colour), _text(right + 38, y, name[:28]),
                  _text(size[0] - 10, y, shown(points[-1][1], unit), text_anchor="end")]  # fmt: skip
    return marks, right, size[1] - 26


def _below(series, _, size):
    """Return a legend that flows below the lines, and where those end."""
    marks, x, line = [], 12, 0
    for name, _, colour in series:
        room = 30 + len(name) * 6.2
        if x + room > size[0] and x > 12:
            x, line = 12, line + 1
        marks.append((x, line, name, colour))
        x += room
    tops = [size[1] - 12 - (line - each[1]) * 16 for each in marks]
    found = [
        tag("rect", x=x, y=top - 6, width=14, height=4, fill=colour) + _text(x + 20, top, name)
        for (x, _, name, colour), top in zip(marks, tops, strict=True)
    ]
    return found, size[0] - 12, size[1] - 46 - line * 16


def _colour(defaults, value):
    steps = defaults["thresholds"]["steps"]
    return NAMED[[step["color"] for step in steps if step["value"] is None or value >= step["value"]][-1]]


def _gauge(panel, series, size, _):
    defaults, found = panel["fieldConfig"]["defaults"], []
    room, radius = size[0] / max(len(series), 1), min(size[1] - HEAD - 50, size[0] / 2 - 20) * 0.75
    for number, (name, points) in enumerate(series):
        value, middle, ground = points[-1][1], room * (number + 0.5), size[1] - 50
        share = (value - defaults["min"]) / (defaults["max"] - defaults["min"])
        colour = _colour(defaults, value)
        for part, fill in ((1, "#2c2f36"), (min(max(share, 0), 1), colour)):
            end = pi * (1 - part)
            tip = f"{middle + radius * cos(end):.1f} {ground - radius * sin(end):.1f}"
            path = f"M{middle - radius} {ground}A{radius} {radius} 0 0 1 {tip}"
            found.append(tag("path", d=path, fill="none", stroke=fill, stroke_width=18))
        found.append(_text(middle, ground, shown(value, defaults["unit"], defaults.get("decimals")),
                           text_anchor="middle", class_="big"))  # fmt: skip
        found.append(_text(middle, ground + 26, "" if name == panel["title"] else name, text_anchor="middle"))
    return found


def _stat(panel, series, size, _):
    defaults = panel["fieldConfig"]["defaults"]
    value = series[0][1][-1][1]
    more = {"class_": "big", "text_anchor": "middle", "style": f"fill: {_colour(defaults, value)}"}
    return [_text(size[0] / 2, size[1] / 2 + 24, shown(value, defaults["unit"]), **more)]


def _heatmap(_, series, size, span):
    """Draw how much lies between two bounds: what Prometheus counts below each is made into what lies between."""
    below = sorted((float(name), dict(points)) for name, points in series)
    cells = [
        (number, moment, points[moment] - before.get(moment, 0.0))
        for number, ((_, before), (_, points)) in enumerate(pairwise(below)) for moment in points
    ]  # fmt: skip
    x, y = linear_scale(*span, 74, size[0] - 12), linear_scale(0, len(below) - 1, size[1] - 26, HEAD + 8)
    most, found = max(count for *_, count in cells) or 1, []
    wide = (x(span[1]) - x(span[0])) / max(len(below[0][1]), 1)
    for number, moment, count in cells:
        if count > 0:
            shade = (count / most) ** 0.5
            found.append(tag("rect", x=x(moment) - wide, y=y(number + 1), width=wide + 0.5, height=y(0) - y(1) - 1,
                             fill="#ff9830", fill_opacity=shade))  # fmt: skip
    labels = [
        _text(68, y(number) + 4, f"{bound:g}", text_anchor="end", class_="faint")
        for number, (bound, _) in enumerate(below)
    ]
    return found + labels[::2]


_KINDS = {"timeseries": _lines, "gauge": _gauge, "stat": _stat, "heatmap": _heatmap, "text": _prose}

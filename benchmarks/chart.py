"""Bars, as an SVG that is readable on light and on dark pages."""

from __future__ import annotations

from html import escape
from math import ceil, floor, log10

WIDTH, LABEL, LINE = 760, 230, 26


def bars(title: str, values: dict[str, float]) -> str:
    """Return a chart of values by name, the largest first."""
    ordered = sorted(values.items(), key=lambda pair: -pair[1])
    room = WIDTH - LABEL - 90
    most = max(values.values())
    parts = []
    for place, (name, value) in enumerate(ordered):
        y = 44 + place * LINE
        kind = "ours" if name.startswith("score-app") else "limit" if name.startswith("limit") else "peer"
        length = max(2, room * value / most)
        parts.append(
            f'<text x="{LABEL - 10}" y="{y + 13}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="{kind}" x="{LABEL}" y="{y}" width="{length:.0f}" height="18" rx="3"/>'
            f'<text x="{LABEL + length + 8:.0f}" y="{y + 13}">{value:,.0f}</text>'
        )
    height = 56 + len(ordered) * LINE
    style = (
        "text{font:13px ui-sans-serif,system-ui,sans-serif;fill:#444}.title{font-weight:600}.ours{fill:#2461c8}"
        ".peer{fill:#9aa4b1}.limit{fill:none;stroke:#9aa4b1;stroke-dasharray:4 3}"
        "@media(prefers-color-scheme:dark){text{fill:#ccc}.ours{fill:#77a6fb}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
        f'<title>{escape(title)}</title><style>{style}</style><text class="title" x="10" y="24">{escape(title)}</text>'
        f"{''.join(parts)}</svg>\n"
    )


def curves(title: str, series: dict[str, list[tuple[float, float]]]) -> str:
    """Return a chart of curves over a logarithmic axis; the first is ours."""
    points = [point for each in series.values() for point in each]
    right, top = max(x for x, _ in points), ceil(log10(max(y for _, y in points)))
    bottom = floor(log10(min(y for _, y in points)))
    left, width, height = 70, WIDTH - 110, 240

    def place(x: float, y: float) -> tuple[float, float]:
        return left + width * x / right, 50 + height * (top - log10(y)) / (top - bottom)

    parts = []
    for power in range(bottom, top + 1):
        y = place(0, 10**power)[1]
        parts.append(f'<path class="grid" d="M{left} {y:.0f}H{left + width}"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.0f}" text-anchor="end">{10**power:,}</text>')
    parts += [f'<text x="{place(x, 1)[0]:.0f}" y="{height + 72}">{x:g}x</text>' for x in {x for x, _ in points}]
    for number, (name, found) in enumerate(series.items()):
        kind = "peer" if number else "ours"
        path = " ".join(f"{x:.0f},{y:.0f}" for x, y in (place(*point) for point in found))
        x, y = place(*found[-1])
        parts.append(f'<polyline class="{kind}" points="{path}"/>')
        parts.append(f'<text x="{x:.0f}" y="{y + (-8 if number else 20):.0f}" text-anchor="end">{escape(name)}</text>')
    style = (
        "text{font:13px ui-sans-serif,system-ui,sans-serif;fill:#444}.title{font-weight:600}.grid{stroke:#9aa4b144}"
        "polyline{fill:none;stroke-width:2.5}.ours{stroke:#2461c8}.peer{stroke:#9aa4b1}"
        "@media(prefers-color-scheme:dark){text{fill:#ccc}.ours{stroke:#77a6fb}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height + 90}" role="img">'
        f'<title>{escape(title)}</title><style>{style}</style><text class="title" x="10" y="24">{escape(title)}</text>'
        f"{''.join(parts)}</svg>\n"
    )

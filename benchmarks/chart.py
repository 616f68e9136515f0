"""Bars, as an SVG that is readable on light and on dark pages."""

from __future__ import annotations

from html import escape

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

"""A figure of one feature's drift, for a page and for a report."""

from __future__ import annotations

from model.drift.index import Drift
from model.rendering.svg import escape_text, figure, tag, text_element
from model.rendering.text import format_percent

WIDTH, HEIGHT = 240, 60


def drift_figure(drift: Drift) -> str:
    """Draw the share of each range or category in training beside its share now."""
    shown = [each for each in zip(drift.labels, *drift.shares, strict=True) if each[1] or each[2]]
    largest, width = max(max(before, now) for _, before, now in shown), WIDTH / len(shown)
    parts = []
    for at, (label, before, now) in enumerate(shown):
        hover = tag("title", escape_text(_sentence(label, before, now)))
        for share, offset, kind in ((before, 0.1, "fig-before"), (now, 0.5, "fig-bar")):
            height, x = HEIGHT * share / largest, (at + offset) * width
            parts.append(tag("rect", hover, x=x, y=HEIGHT - height, width=0.4 * width, height=height, class_=kind))
    parts.append(tag("line", x1=0, x2=WIDTH, y1=HEIGHT, y2=HEIGHT, class_="fig-axis"))
    parts.append(text_element(0, HEIGHT + 16, shown[0][0], 16, class_="fig-muted"))
    if len(shown) > 1:
        last = shown[-1][0]
        parts.append(text_element(WIDTH, HEIGHT + 16, last, 16, text_anchor="end", class_="fig-muted"))
    description = "; ".join(_sentence(*each) for each in shown[:12])
    return figure(drift.title, description, (WIDTH, HEIGHT + 22), *parts)


def _sentence(label: str, before: float, now: float) -> str:
    return f"{label}: {format_percent(before)} in training, {format_percent(now)} now"

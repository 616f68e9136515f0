"""Figures of the live pages, in the card's own style."""

from __future__ import annotations

from itertools import pairwise

from markupsafe import Markup

from api.drift import Drift
from model.bundle.manifest import Histogram
from model.card.svg import figure, scale, tag, widened, words, write
from model.card.words import number, percent

WIDTH, SMALL, TALL = 320, 240, 60


def strip(reference: Histogram, place: int, value: float) -> Markup:
    """Draw where the answers to the training rows lie, a bar's area for its rows, and mark one range and one value."""
    edges = reference.edges or (value,)
    # Both ends are open; they are drawn as wide as the ranges are on average.
    room = (edges[-1] - edges[0]) / max(len(edges) - 1, 1) or 1.0
    low, high = widened(min(edges[0] - room, value), max(edges[-1] + room, value))
    x = scale(low, high, 4, WIDTH - 4)
    bounds = [low, *edges, high]
    wide = [max(end - start, room / 1e3) for start, end in pairwise(bounds)]
    dense = [count / width for count, width in zip(reference.counts, wide, strict=True)]
    inside = []
    for at, (start, end) in enumerate(pairwise(bounds)):
        tall, kind = TALL * dense[at] / (max(dense) or 1), "fig-bar" if at == place else "fig-before"
        inside.append(tag("rect", x=x(start), y=TALL - tall, width=x(end) - x(start), height=tall, class_=kind))
    inside.append(tag("line", x1=4, x2=WIDTH - 4, y1=TALL, y2=TALL, class_="fig-axis"))
    inside.append(tag("line", x1=x(value), x2=x(value), y1=0, y2=TALL + 4, class_="fig-mark"))
    inside += [
        write(x(edge), TALL + 16, number(edge), text_anchor="middle", class_="fig-muted")
        for edge in (edges[0], edges[-1])
    ]
    told = f"{number(value)} lies in range {place + 1} of {len(reference.counts)}."
    return Markup(figure("Among the answers of training", told, (WIDTH, TALL + 22), *inside))  # noqa: S704


def against(drift: Drift) -> Markup:
    """Draw the shares of each range or category that occurs, training's beside now's."""
    shown = [each for each in zip(drift.labels, *drift.shares, strict=True) if each[1] or each[2]]
    most, wide = max(max(before, now) for _, before, now in shown), SMALL / len(shown)
    inside = []
    for at, (label, before, now) in enumerate(shown):
        hover = tag("title", words(f"{label}: {percent(before)} in training, {percent(now)} now"))
        for share, shift, kind in ((before, 0.1, "fig-before"), (now, 0.5, "fig-bar")):
            tall, x = TALL * share / most, (at + shift) * wide
            inside.append(tag("rect", hover, x=x, y=TALL - tall, width=0.4 * wide, height=tall, class_=kind))
    inside.append(tag("line", x1=0, x2=SMALL, y1=TALL, y2=TALL, class_="fig-axis"))
    inside.append(write(0, TALL + 16, shown[0][0], 16, class_="fig-muted"))
    if len(shown) > 1:
        inside.append(write(SMALL, TALL + 16, shown[-1][0], 16, text_anchor="end", class_="fig-muted"))
    told = "; ".join(f"{label}: {percent(before)} in training, {percent(now)} now" for label, before, now in shown[:12])
    return Markup(figure(drift.title, told, (SMALL, TALL + 22), *inside))  # noqa: S704

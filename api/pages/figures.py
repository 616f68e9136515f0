"""A figure of the form, in the card's style."""

from __future__ import annotations

from itertools import pairwise

from markupsafe import Markup

from model.bundle.manifest import Histogram
from model.rendering.svg import figure, linear_scale, tag, text_element, widen
from model.rendering.text import format_number

WIDTH, HEIGHT = 320, 60


def distribution_figure(reference: Histogram, place: int, value: float) -> Markup:
    """Draw the predictions of training as areas, and mark one range and one value."""
    edges = reference.edges or (value,)
    # Both ends are open; they are drawn as wide as the other ranges on average.
    margin = (edges[-1] - edges[0]) / max(len(edges) - 1, 1) or 1.0
    low, high = widen(min(edges[0] - margin, value), max(edges[-1] + margin, value))
    x = linear_scale(low, high, 4, WIDTH - 4)
    bounds = [low, *edges, high]
    widths = [max(end - start, margin / 1e3) for start, end in pairwise(bounds)]
    densities = [count / width for count, width in zip(reference.counts, widths, strict=True)]
    parts = []
    for at, (start, end) in enumerate(pairwise(bounds)):
        height, kind = HEIGHT * densities[at] / (max(densities) or 1), "fig-bar" if at == place else "fig-before"
        parts.append(tag("rect", x=x(start), y=HEIGHT - height, width=x(end) - x(start), height=height, class_=kind))
    parts.append(tag("line", x1=4, x2=WIDTH - 4, y1=HEIGHT, y2=HEIGHT, class_="fig-axis"))
    parts.append(tag("line", x1=x(value), x2=x(value), y1=0, y2=HEIGHT + 4, class_="fig-mark"))
    parts += [
        text_element(x(edge), HEIGHT + 16, format_number(edge), text_anchor="middle", class_="fig-muted")
        for edge in (edges[0], edges[-1])
    ]
    description = f"{format_number(value)} lies in range {place + 1} of {len(reference.counts)}."
    return Markup(figure("Among the predictions of training", description, (WIDTH, HEIGHT + 22), *parts))  # noqa: S704

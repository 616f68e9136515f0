"""Tables and pairs of a page, in the styles that all pages share."""

from __future__ import annotations

from collections.abc import Sequence

from model.rendering.svg import escape_text, tag


def table(columns: Sequence[str], label: str, *rows: str) -> str:
    """Return a table, which scrolls by itself where the page is narrow."""
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in columns)))
    inside = tag("table", head, tag("tbody", *rows))
    return tag("div", inside, class_="wide", role="region", aria_label=label, tabindex=0)


def row(name: str, *cells: str) -> str:
    """Return a row of texts."""
    return tag("tr", tag("th", escape_text(name), scope="row"), *(tag("td", escape_text(cell)) for cell in cells))


def pairs(values: dict[str, str], kind: str) -> str:
    """Return names with their values, which are markup already."""
    return tag(
        "dl", *(tag("div", tag("dt", escape_text(key)), tag("dd", value)) for key, value in values.items()), class_=kind
    )

"""A summary as one self-contained page with figures."""

from __future__ import annotations

from model.drift.figure import drift_figure
from model.drift.index import ALERT, WARN, Drift
from model.prediction_log.summary import Day, Summary, Version
from model.rendering.bar_chart import bar_chart
from model.rendering.document import document
from model.rendering.svg import escape_text, tag
from model.rendering.tables import pairs, row, table
from model.rendering.text import format_count, format_number, format_percent

MOST_DAYS, MOST_DRIFTS = 31, 60


def html(summary: Summary) -> str:
    """Return the page."""
    sections = [_version(summary, version, days) for version, days in summary.days.items()]
    return document(f"Prediction log: {summary.place}", tag("main", _head(summary), *sections, class_="card"))


def _head(summary: Summary) -> str:
    days = [(day, each) for found in summary.days.values() for day, each in found.items()]
    rows, judged = (sum(getattr(each, name) for _, each in days) for name in ("rows", "judged"))
    facts = {
        "Log": tag("code", escape_text(summary.place)),
        "Days": escape_text(f"{min(day for day, _ in days)} to {max(day for day, _ in days)}"),
        "Rows": format_number(rows),
        "With a truth": format_number(judged),
    }
    lead = "Rows, how right their predictions were, and how far they differ from training, by version."
    return tag(
        "header", tag("p", "Prediction log", class_="over"), tag("h1", "What was asked and answered"),
        tag("p", lead, class_="lead"), pairs(facts, "facts"),
    )  # fmt: skip


def _version(summary: Summary, version: Version, days: dict[str, Day]) -> str:
    name, digest = version
    shown = sorted(days.items())
    cells = [row(day, *map(str, day_cells(each))) for day, each in shown]
    quality = "Accuracy" if shown[0][1].classes else "Mean error"
    return (
        tag("h2", escape_text(f"{name} {digest}"))
        + tag("div", *_charts(shown, quality), class_="plots")
        + table(("Day", "Rows", "With a truth", quality), f"Days of {name}", *cells)
        + _drift(summary, version)
    )


def day_cells(day: Day) -> tuple[str, str, str]:
    """Return the rows, the rows with a truth, and the quality of a day."""
    return format_number(day.rows), format_number(day.judged), quality_text(day)


def quality_text(day: Day) -> str:
    """Return the accuracy or the mean error of a day, or a dash."""
    if day.quality is None:
        return "—"
    return f"{day.quality:.1%}" if day.classes else format_number(day.quality)


def _charts(days: list[tuple[str, Day]], quality: str) -> list[str]:
    last = days[-MOST_DAYS:]
    found = [_figure("Rows a day", bar_chart("Rows a day", [(day, each.rows) for day, each in last]))]
    judged = [(day, each.quality) for day, each in last if each.quality is not None]
    if judged:
        form = format_percent if last[0][1].classes else format_number
        ends = (0.0, 1.0) if last[0][1].classes else None
        found.append(_figure(f"{quality} a day", bar_chart(f"{quality} a day", judged, form, ends=ends)))
    return found


def _figure(caption: str, drawn: str) -> str:
    return tag("figure", tag("figcaption", caption), drawn)


def _drift(summary: Summary, version: Version) -> str:
    heading = tag("h3", "Compared with training")
    if version in summary.without_reference:
        text = "The bundle of this version is not in the bundles' folder, so there is nothing to compare with."
        return heading + tag("p", text, class_="quiet")
    text = (
        f"The population stability index measures how much the shares differ: from {WARN} on there is some shift, from "
        f"{ALERT} on a large one."
    )
    legend = tag("span", "training", class_="before") + " " + tag("span", "logged", class_="after")
    found = summary.drifts[version]
    more = f"{format_count(len(found) - MOST_DRIFTS, 'feature')} with a smaller index not shown"
    return (
        heading
        + tag("p", text, class_="quiet")
        + tag("p", legend, class_="quiet legend")
        + tag("div", *map(_drift_figure, found[:MOST_DRIFTS]), class_="features")
        + (tag("p", more, class_="quiet") if len(found) > MOST_DRIFTS else "")
    )


def _drift_figure(drift: Drift) -> str:
    level = "large" if drift.psi >= ALERT else "some" if drift.psi >= WARN else ""
    strong = f": {tag('strong', f'{level} shift')}" if level else ""
    caption = escape_text(drift.title) + " " + tag("small", f"index {format_number(drift.psi)}{strong}")
    return tag("figure", tag("figcaption", caption), drift_figure(drift))

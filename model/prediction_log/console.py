"""A summary on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from model.drift.index import ALERT, WARN
from model.prediction_log.report import day_cells
from model.prediction_log.summary import Summary
from model.rendering.text import format_number, printable

MOST_DRIFTS = 15


def print_summary(summary: Summary) -> None:
    """Print a table of days, and one of the features that differ most from training."""
    console = Console()
    days = Table(box=None, header_style="dim")
    for column in ("model", "version", "day", "rows", "with a truth", "accuracy or mean error"):
        days.add_column(column, justify="left" if column in ("model", "version", "day") else "right")
    for version, found in summary.days.items():
        for day, each in sorted(found.items()):
            days.add_row(*version, day, *day_cells(each))
    console.print(days)
    for version, drifts in summary.drifts.items():
        console.print(
            f"\n{' '.join(version)}: compared with training (from {WARN} on some shift, from {ALERT} on a large one)"
        )
        table = Table(box=None, header_style="dim")
        table.add_column("feature")
        table.add_column("index", justify="right")
        for drift in drifts[:MOST_DRIFTS]:
            table.add_row(escape(printable(drift.title)), format_number(drift.psi))
        console.print(table)
        if len(drifts) > MOST_DRIFTS:
            console.print(f"and {len(drifts) - MOST_DRIFTS} more with a smaller index")
    for version in summary.without_reference:
        console.print(f"\n{' '.join(version)}: its bundle is not here, so there is nothing to compare with")

"""Dashboard panels as data, and the Grafana objects built from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Any

from grafana_foundation_sdk.builders import common, gauge, heatmap, prometheus, stat, text, timeseries
from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.models.common import (
    GraphTresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import DataSourceRef, GridPos, Threshold, ThresholdsMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = DataSourceRef("prometheus", "$datasource")
COLUMNS, HEIGHT = 24, 8
WIDE = 12
"""From this width on the legend is a table beside the graph."""


@dataclass(frozen=True)
class Panel:
    """One panel: its queries and how the result is shown."""

    title: str
    queries: dict[str, str]
    """PromQL by the name of its series."""
    kind: str = "timeseries"
    unit: str = "short"
    width: int = 8
    description: str = ""
    thresholds: tuple[tuple[float, str], ...] = ()
    """From which value on the panel has which colour."""
    limits: tuple[float, float] | None = None
    """The least and greatest value of the axis."""
    decimals: int | None = None


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: list[Panel] = field(default_factory=list)


def layout(rows: list[Row]) -> Iterator[tuple[Row, GridPos, list[tuple[Panel, GridPos]]]]:
    """Yield every row and its panels with their positions: side by side as long as they fit."""
    y = 0
    for row in rows:
        heading, positions = GridPos(h=1, w=COLUMNS, x=0, y=y), []
        y, x = y + 1, 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                y, x = y + HEIGHT, 0
            positions.append((panel, GridPos(h=HEIGHT, w=panel.width, x=x, y=y)))
            x += panel.width
        yield row, heading, positions
        y += HEIGHT


def build(panel: Panel) -> Any:
    """Return the builder of a panel."""
    if panel.kind == "text":
        return text.Panel().title(panel.title).content(panel.description)
    found = (
        _KINDS[panel.kind](panel).title(panel.title).description(panel.description).datasource(SOURCE).unit(panel.unit)
    )
    for number, (name, query) in enumerate(panel.queries.items()):
        target = prometheus.Dataquery().expr(query).ref_id(chr(ord("A") + number)).legend_format(name)
        found = found.with_target(target.format(PromQueryFormat.HEATMAP) if panel.kind == "heatmap" else target)
    if panel.limits:
        found = found.min(panel.limits[0]).max(panel.limits[1])
    if panel.decimals is not None:
        found = found.decimals(panel.decimals)
    return found


def _thresholds(panel: Panel) -> Any:
    """Return the colours by value; blue where no value is good or bad, which Grafana's default would claim."""
    steps = [
        Threshold(value=None if value == -inf else value, color=colour)
        for value, colour in panel.thresholds or ((-inf, "blue"),)
    ]
    return board.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _lines(panel: Panel) -> Any:
    wide = panel.width >= WIDE
    legend = common.VizLegendOptions().show_legend(show_legend=True).calcs(["lastNotNull"] if wide else [])
    legend = legend.display_mode(LegendDisplayMode.TABLE if wide else LegendDisplayMode.LIST)
    legend = legend.placement(LegendPlacement.RIGHT if wide else LegendPlacement.BOTTOM)
    if wide:
        legend = legend.sort_by("Last *").sort_desc(sort_desc=True)
    tooltip = common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    found = timeseries.Panel().legend(legend).tooltip(tooltip).thresholds(_thresholds(panel)).axis_soft_min(0)
    if panel.thresholds:
        found = found.thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphTresholdsStyleMode.DASHED))
        # Both thresholds stay visible when every value is far below them.
        found = found.axis_soft_max(panel.thresholds[-1][0])
    return found.show_points(VisibilityMode.NEVER)


def _last_value() -> Any:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False)


def _gauge(panel: Panel) -> Any:
    return gauge.Panel().reduce_options(_last_value()).thresholds(_thresholds(panel))


def _stat(panel: Panel) -> Any:
    return stat.Panel().reduce_options(_last_value()).thresholds(_thresholds(panel))


def _heatmap(_: Panel) -> Any:
    return heatmap.Panel().calculate(calculate=False).show_legend().show_tooltip().hide_y_histogram()


_KINDS = {"timeseries": _lines, "gauge": _gauge, "stat": _stat, "heatmap": _heatmap}

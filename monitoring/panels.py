"""Panels as they are written here, and as Grafana reads them."""

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
"""From this width on a legend stands beside the lines, with their last values."""


@dataclass(frozen=True)
class Panel:
    """One panel: what it asks, and how its answer is shown."""

    title: str
    queries: dict[str, str]
    """PromQL, by what its series are called."""
    kind: str = "timeseries"
    unit: str = "short"
    width: int = 8
    said: str = ""
    steps: tuple[tuple[float, str], ...] = ()
    """From which value on it has which colour."""
    ends: tuple[float, float] | None = None
    decimals: int | None = None
    """Where rounding would hide what matters."""


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: list[Panel] = field(default_factory=list)


def placed(rows: list[Row]) -> Iterator[tuple[Row, GridPos, list[tuple[Panel, GridPos]]]]:
    """Give every row and its panels with their places: side by side as long as there is room."""
    down = 0
    for row in rows:
        heading, places = GridPos(h=1, w=COLUMNS, x=0, y=down), []
        down, across = down + 1, 0
        for panel in row.panels:
            if across + panel.width > COLUMNS:
                down, across = down + HEIGHT, 0
            places.append((panel, GridPos(h=HEIGHT, w=panel.width, x=across, y=down)))
            across += panel.width
        yield row, heading, places
        down += HEIGHT


def built(panel: Panel) -> Any:
    """Return a panel's builder."""
    if panel.kind == "text":
        return text.Panel().title(panel.title).content(panel.said)
    found = _KINDS[panel.kind](panel).title(panel.title).description(panel.said).datasource(SOURCE).unit(panel.unit)
    for place, (name, query) in enumerate(panel.queries.items()):
        target = prometheus.Dataquery().expr(query).ref_id(chr(ord("A") + place)).legend_format(name)
        found = found.with_target(target.format(PromQueryFormat.HEATMAP) if panel.kind == "heatmap" else target)
    if panel.ends:
        found = found.min(panel.ends[0]).max(panel.ends[1])
    if panel.decimals is not None:
        found = found.decimals(panel.decimals)
    return found


def _steps(panel: Panel) -> Any:
    """Return from which value on what has which colour; where nothing is good or bad, Grafana's own would say so."""
    steps = [
        Threshold(value=None if value == -inf else value, color=colour)
        for value, colour in panel.steps or ((-inf, "blue"),)
    ]
    return board.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _lines(panel: Panel) -> Any:
    beside = panel.width >= WIDE
    legend = common.VizLegendOptions().show_legend(show_legend=True).calcs(["lastNotNull"] if beside else [])
    legend = legend.display_mode(LegendDisplayMode.TABLE if beside else LegendDisplayMode.LIST)
    legend = legend.placement(LegendPlacement.RIGHT if beside else LegendPlacement.BOTTOM)
    if beside:
        legend = legend.sort_by("Last *").sort_desc(sort_desc=True)
    pointer = common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    found = timeseries.Panel().legend(legend).tooltip(pointer).thresholds(_steps(panel)).axis_soft_min(0)
    if panel.steps:
        found = found.thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphTresholdsStyleMode.DASHED))
        # Both bounds are to be seen, also when nothing comes near them.
        found = found.axis_soft_max(panel.steps[-1][0])
    return found.show_points(VisibilityMode.NEVER)


def _last() -> Any:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False)


def _gauge(panel: Panel) -> Any:
    return gauge.Panel().reduce_options(_last()).thresholds(_steps(panel))


def _stat(panel: Panel) -> Any:
    return stat.Panel().reduce_options(_last()).thresholds(_steps(panel))


def _heatmap(_: Panel) -> Any:
    return heatmap.Panel().calculate(calculate=False).show_legend().show_tooltip().hide_y_histogram()


_KINDS = {"timeseries": _lines, "gauge": _gauge, "stat": _stat, "heatmap": _heatmap}

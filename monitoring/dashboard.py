"""The dashboard "Model": every panel with its query, each written once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.builders import gauge, heatmap, prometheus, stat, text, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DataSourceRef, GridPos, Threshold, ThresholdsMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from api.drift import ALERT, WARN
from monitoring.rules import scoring

SOURCE = DataSourceRef("prometheus", "prometheus")
OF = 'namespace="$namespace"'
SCORING = f'{OF},route=~"{scoring()}"'
MODEL = f'{OF},model=~"$model"'
CONTAINER = f'{OF},container="score-app"'
PSI = "score_app:drift:psi"
RATE = "$__rate_interval"


KINDS: dict[str, Any] = {
    "timeseries": timeseries.Panel, "gauge": gauge.Panel, "stat": stat.Panel, "heatmap": heatmap.Panel
}  # fmt: skip


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
    steps: tuple[tuple[float | None, str], ...] = ()
    ends: tuple[float, float] | None = None


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: list[Panel] = field(default_factory=list)


def scored(part: str) -> str:
    """Return the second tutorial's histogram of scores from 0 to 10."""
    return f"regression_model_output_{part}{{{MODEL}}}"


def quantile(share: float) -> str:
    """Return the query of a latency quantile."""
    buckets = f"sum by (le) (rate(request_latency_seconds_bucket{{{SCORING}}}[{RATE}]))"
    return f"histogram_quantile({share}, {buckets})"


def rows() -> list[Row]:
    """Return everything that the dashboard shows."""
    count, latency = f"request_count_total{{{SCORING}}}", f"request_latency_seconds_count{{{SCORING}}}"
    good, warn, bad = "green", "orange", "red"
    success = (
        f'1 - (sum(increase(request_count_total{{{SCORING},http_status=~"5.."}}[30m])) or vector(0)) '
        f"/ sum(increase({count}[30m]))"
    )
    average = f"sum(increase({scored('sum')}[30m])) / sum(increase({scored('count')}[30m]))"
    return [
        Row("Model metrics", [
            Panel("Model predictions", {}, "text", said="A score is a number from 0 to 10; a class has none."),
            Panel("Model score (30 min avg)", {"": average}, "gauge", ends=(0, 10)),
            Panel("Model prediction distribution (30 min)",
                  {"{{le}}": f"sum by (le) (increase({scored('bucket')}[30m]))"}, "heatmap"),
            Panel("Predictions by class", {"{{model}} {{category}}":
                  f"sum by (model, category) (rate(predictions_total{{{MODEL}}}[{RATE}]))"}, unit="reqps"),
            Panel("Rows by version", {"{{model}} {{version}}":
                  f'sum by (model, version) (rate(drift_rows_total{{{MODEL},feature=""}}[{RATE}]))'}, unit="reqps"),
            Panel("Drift by feature (PSI over the rules' window)", {"{{model}} {{feature}}":
                  f"{PSI}{{{MODEL}}}"}, steps=((None, good), (WARN, warn), (ALERT, bad))),
            Panel("Values that training never had", {"{{model}} {{feature}}":
                  f"sum by (model, feature) (rate(feature_outside_total{{{MODEL}}}[{RATE}]))"}, unit="reqps"),
            Panel("Missing values", {"{{model}} {{feature}}":
                  f"sum by (model, feature) (rate(feature_missing_total{{{MODEL}}}[{RATE}]))"}, unit="reqps"),
            Panel("Right answers, by feedback", {"{{model}} {{version}}":
                  f"sum by (model, version) (increase(feedback_right_total{{{MODEL}}}[30m])) / "
                  f"sum by (model, version) (increase(feedback_rows_total{{{MODEL}}}[30m]))"}, unit="percentunit"),
            Panel("Mean error, by feedback", {"{{model}} {{version}}":
                  f"sum by (model, version) (increase(feedback_absolute_error_total{{{MODEL}}}[30m])) / "
                  f"sum by (model, version) (increase(feedback_rows_total{{{MODEL}}}[30m]))"}),
            Panel("Time in the model", {"{{model}}":
                  f"sum by (model) (rate(inference_seconds_sum{{{MODEL}}}[{RATE}])) / "
                  f"sum by (model) (rate(inference_seconds_count{{{MODEL}}}[{RATE}]))"}, unit="s"),
        ]),
        Row("Service metrics", [
            Panel("Request throughput", {}, "text", said="A success is an answer that is no fault of the server's: "
                  "whatever is not 5xx, a refusal of wrong input included."),
            Panel("HTTP success rate (30 min)", {"": success}, "gauge", "percentunit", ends=(0.8, 1),
                  steps=((None, bad), (0.95, warn), (0.99, good))),
            Panel("Requests", {"{{route}}": f"sum by (route) (rate({latency}[{RATE}]))"}, unit="reqps"),
            Panel("Request latencies", {}, "text", said="Promised is the share of answers within the objective's time, "
                  "which the burn rate below is made of; quantiles are estimates between the histogram's bounds."),
            Panel("Requests in progress", {"": f"sum(requests_in_flight{{{OF}}})"}, "stat"),
            Panel("Latency", {f"p{share * 100:g}": quantile(share) for share in (0.99, 0.95, 0.5)}, unit="s"),
            Panel("Answers by status", {"{{http_status}}":
                  f"sum by (http_status) (rate({count}[{RATE}]))"}, unit="reqps"),
            Panel("Refused, by reason", {"{{reason}}":
                  f"sum by (reason) (rate(requests_rejected_total{{{OF}}}[{RATE}]))"}, unit="reqps"),
            Panel("Budget burn (1 is just enough for 30 days)", {
                "errors, 1 h": f"score_app:errors:ratio_1h{{{OF}}} / score_app:errors:budget{{{OF}}}",
                "slow, 1 h": f"score_app:slow:ratio_1h{{{OF}}} / score_app:slow:budget{{{OF}}}",
            }, steps=((None, good), (1, warn), (6, bad))),
        ]),
        Row("Pods", [
            Panel("Pods that answer", {"up": f'sum(up{{{OF},service="score-app-metrics"}})',
                           "autoscaler's maximum": f"max(kube_horizontalpodautoscaler_spec_max_replicas{{{OF}}})"}),
            Panel("CPU", {"{{pod}}": f"sum by (pod) (rate(process_cpu_seconds_total{{{OF}}}[{RATE}]))"}),
            Panel("CPU throttled", {"{{pod}}":
                  f"sum by (pod) (rate(container_cpu_cfs_throttled_periods_total{{{CONTAINER}}}[{RATE}])) / "
                  f"sum by (pod) (rate(container_cpu_cfs_periods_total{{{CONTAINER}}}[{RATE}]))"},
                  unit="percentunit"),
            Panel("Memory", {"{{pod}}": f"sum by (pod) (process_resident_memory_bytes{{{OF}}})"}, unit="bytes"),
            Panel("File handles", {"{{pod}}": f"sum by (pod) (process_open_fds{{{OF}}})"}),
            Panel("Rows at once (avg)", {"{{model}}":
                  f"sum by (model) (rate(request_rows_sum{{{MODEL}}}[{RATE}])) / "
                  f"sum by (model) (rate(request_rows_count{{{MODEL}}}[{RATE}]))"}),
        ]),
    ]  # fmt: skip


def queries() -> Iterator[tuple[str, str]]:
    """Give every query with the title of its panel."""
    for row in rows():
        for panel in row.panels:
            yield from ((panel.title, query) for query in panel.queries.values())


def dashboard() -> str:
    """Return the dashboard as Grafana reads it."""
    found = board.Dashboard("Model").uid("score-app-model").tags(["score-app"]).refresh("5s").time("now-30m", "now")
    found = found.with_variable(_variable("namespace", "label_values(build_info, namespace)"))
    found = found.with_variable(
        _variable("model", 'label_values(build_info{namespace="$namespace"}, model)', many=True)
    )
    found = found.annotation(_rollouts())
    down = 0
    for row in rows():
        found = found.with_row(board.Row(row.title).grid_pos(GridPos(h=1, w=24, x=0, y=down)))
        down += 1
        for place, panel in enumerate(row.panels):
            found = found.with_panel(
                _panel(panel).grid_pos(GridPos(h=8, w=8, x=place % 3 * 8, y=down + place // 3 * 8))
            )
        down += -(-len(row.panels) // 3) * 8
    return json.dumps(found.build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def _variable(name: str, query: str, *, many: bool = False) -> Any:
    return board.QueryVariable(name).datasource(SOURCE).query(query).multi(many).include_all(many)


def _rollouts() -> Any:
    """Mark when pods of another version began."""
    info = f"count by (model, version) (build_info{{{OF}}})"
    query = f"{info} unless {info.replace('})', '} offset 1m)')}"
    return (
        board.AnnotationQuery().name("Rollouts").datasource(SOURCE).enable(enable=True).icon_color("blue").expr(query)
    )


def _panel(panel: Panel) -> Any:
    if panel.kind == "text":
        return text.Panel().title(panel.title).content(panel.said)
    kinds: dict[str, Any] = {
        "timeseries": timeseries.Panel,
        "gauge": gauge.Panel,
        "stat": stat.Panel,
        "heatmap": heatmap.Panel,
    }
    found = kinds[panel.kind]().title(panel.title).datasource(SOURCE).unit(panel.unit)
    for place, (name, query) in enumerate(panel.queries.items()):
        target = prometheus.Dataquery().expr(query).ref_id(chr(ord("A") + place)).legend_format(name)
        found = found.with_target(target.format(PromQueryFormat.HEATMAP) if panel.kind == "heatmap" else target)
    if panel.ends:
        found = found.min(panel.ends[0]).max(panel.ends[1])
    if panel.steps:
        steps = [Threshold(value=value, color=colour) for value, colour in panel.steps]
        found = found.thresholds(board.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    return found

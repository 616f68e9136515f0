"""The dashboard "Model": every panel with its query, each written once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import inf
from typing import Any

from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from api.telemetry.drift import ALERT, WARN
from monitoring.panels import SOURCE, Panel, Row, built, placed
from monitoring.rules import scoring
from monitoring.slo import promises

OF = 'namespace="$namespace"'
SCORING = f'{OF},route=~"{scoring()}"'
MODEL = f'{OF},model=~"$model"'
CONTAINER = f'{OF},container="score-app"'
RATE = "$__rate_interval"
SCORES = "regression_model_output"
"""The second tutorial's histogram of scores from 0 to 10."""
GOOD, WARNED, BAD = "green", "orange", "red"
ROWS, VALUES = "suffix:rows/s", "suffix:values/s"


def rate(by: str, counter: str, of: str = MODEL) -> str:
    """Return the query of what is added to a counter in a second, by these labels."""
    return f"sum by ({by}) (rate({counter}{{{of}}}[{RATE}]))"


def share(by: str, part: str, whole: str, of: str = MODEL, window: str = RATE) -> str:
    """Return the query of one counter's growth by another's."""
    return " / ".join(f"sum by ({by}) (increase({each}{{{of}}}[{window}]))" for each in (part, whole))


def quantile(of: float) -> str:
    """Return the query of a latency quantile."""
    return f"histogram_quantile({of}, {rate('le', 'request_latency_seconds_bucket', SCORING)})"


def drift() -> str:
    """Return the query of the drift of what has had enough rows to tell, as the alerts ask it too."""
    least = min(promise.rows for promise in promises())
    told = f"score_app:drift:psi{{{MODEL}}} and score_app:drift:rows{{{MODEL}}} >= {least}"
    return f'max by (model, feature) (label_replace({told}, "feature", "(answers)", "feature", ""))'


def rows() -> list[Row]:
    """Return everything that the dashboard shows."""
    return [_model(), _service(), _pods()]


def _model() -> Row:
    by_feature, by_version, told = "{{model}} {{feature}}", "{{model}} {{version}}", "feedback_rows_total"
    return Row("Model metrics", [
        Panel("Model predictions", {}, "text", width=4,
              said="A score is a number from 0 to 10, and its distribution is of all chosen models together. A class "
              "has no score: it is counted below."),
        Panel("Model score (30 min avg)",
              {"{{model}}": share("model", f"{SCORES}_sum", f"{SCORES}_count", window="30m")},
              "gauge", width=8, ends=(0, 10), said="The mean of what a model of numbers answered."),
        Panel("Model prediction distribution (30 min)",
              {"{{le}}": f"sum by (le) (increase({SCORES}_bucket{{{MODEL}}}[30m]))"}, "heatmap", width=12,
              said="How many answers fell between two scores in the half hour before."),
        Panel("Predictions by class", {"{{model}} {{category}}": rate("model, category", "predictions_total")},
              unit=ROWS, width=12, said="Rows answered with each class."),
        Panel("Rows by version", {by_version: rate("model, version", "drift_rows_total", f'{MODEL},feature=""')},
              unit=ROWS, width=12, said="Rows answered by each version: during a rollout there are two."),
        Panel("Drift by feature (PSI over the rules' window)", {by_feature: drift()}, width=24,
              steps=((-inf, GOOD), (WARN, WARNED), (ALERT, BAD)),
              said="How far what is asked lies from training, of every feature and of the answers, once there were "
              f"enough rows to tell. Above {WARN} look, above {ALERT} act."),
        Panel("Values that training never had", {by_feature: rate("model, feature", "feature_outside_total")},
              unit=VALUES, width=12, said="Numbers beyond training's least and greatest, and unknown categories."),
        Panel("Missing values", {by_feature: rate("model, feature", "feature_missing_total")}, unit=VALUES, width=12,
              said="Values that were none, or null."),
        Panel("Right answers, by feedback",
              {by_version: share("model, version", "feedback_right_total", told, window="30m")},
              unit="percentunit", ends=(0, 1),
              said="Share of correct classes, of those reported in the last half hour. Needs FEEDBACK_CAPACITY."),
        Panel("Mean error, by feedback",
              {by_version: share("model, version", "feedback_absolute_error_total", told, window="30m")},
              said="Mean absolute error, of numbers reported in the last half hour. Needs FEEDBACK_CAPACITY."),
        Panel("Time in the model", {"{{model}}": share("model", "inference_seconds_sum", "inference_seconds_count")},
              unit="s", said="What one call of a model took on average, whatever its rows."),
    ])  # fmt: skip


def _service() -> Row:
    success = (
        f'1 - (sum(increase(request_count_total{{{SCORING},http_status=~"5.."}}[30m])) or vector(0)) '
        f"/ sum(increase(request_count_total{{{SCORING}}}[30m]))"
    )
    return Row("Service metrics", [
        Panel("Request throughput", {}, "text", width=4, said="A success is an answer that is no fault of the "
              "server's: whatever is not 5xx, a refusal of wrong input included."),
        Panel("HTTP success rate (30 min)", {"": success}, "gauge", "percentunit", ends=(0.8, 1),
              steps=((-inf, BAD), (0.95, WARNED), (0.99, GOOD)), decimals=2, said="Of the requests that score."),
        Panel("Requests", {"{{route}}": rate("route", "request_latency_seconds_count", SCORING)},
              unit="reqps", width=12, said="Requests that score, by path."),
        Panel("Request latencies", {}, "text", width=4, said="The burn rate below is made of the share of answers "
              "that came within the promised time; quantiles are estimates between the histogram's bounds."),
        Panel("Requests in progress", {"": f"sum(requests_in_flight{{{OF}}})"}, "stat",
              said="Requests that were being answered when the pods were last asked."),
        Panel("Latency", {f"p{part * 100:g}": quantile(part) for part in (0.99, 0.95, 0.5)}, unit="s", width=12,
              said="From a request's first line to its answer, in the server."),
        Panel("Answers by status", {"{{http_status}}": rate("http_status", "request_count_total", SCORING)},
              unit="reqps", said="Answers on the paths that score."),
        Panel("Refused, by reason", {"{{reason}}": rate("reason", "requests_rejected_total", OF)},
              unit="reqps", said="Requests that were refused, by the code of their error."),
        Panel("Budget burn (1 is just enough for 30 days)", {
            f"{what}, 1 h": f"score_app:{what}:ratio_1h{{{OF}}} / score_app:{what}:budget{{{OF}}}"
            for what in ("errors", "slow")
        }, steps=((-inf, GOOD), (1, WARNED), (6, BAD)), said="How fast the promised budget is used up."),
    ])  # fmt: skip


def _pods() -> Row:
    throttled, periods = (f"container_cpu_cfs_{each}periods_total" for each in ("throttled_", ""))
    return Row("Pods", [
        Panel("Pods that answer", {
            "up": f'sum(up{{{OF},service="score-app-metrics"}})',
            "autoscaler's maximum": f"max(kube_horizontalpodautoscaler_spec_max_replicas{{{OF}}})",
        }, said="Pods whose metrics can be read, and how many there may be (from kube-state-metrics)."),
        Panel("CPU", {"{{pod}}": rate("pod", "process_cpu_seconds_total", OF)}, unit="suffix:cores",
              said="Cores in use by each pod."),
        Panel("CPU throttled", {"{{pod}}": share("pod", throttled, periods, CONTAINER)}, unit="percentunit",
              said="Of the kernel's periods, those in which a pod had to wait for its limit (from the kubelet)."),
        Panel("Memory", {"{{pod}}": f"sum by (pod) (process_resident_memory_bytes{{{OF}}})"}, unit="bytes",
              said="Resident memory of each pod."),
        Panel("File handles", {"{{pod}}": f"sum by (pod) (process_open_fds{{{OF}}})"}, said="Open files and sockets."),
        Panel("Rows at once (avg)", {"{{model}}": share("model", "request_rows_sum", "request_rows_count")},
              said="Rows of a request, on average."),
    ])  # fmt: skip


def queries() -> Iterator[tuple[str, str]]:
    """Give every query with the title of its panel."""
    for row in rows():
        for panel in row.panels:
            yield from ((panel.title, query) for query in panel.queries.values())


def dashboard() -> str:
    """Return the dashboard as Grafana reads it."""
    found = board.Dashboard("Model").uid("score-app-model").tags(["score-app"]).refresh("5s").time("now-30m", "now")
    found = found.description("What the models answer, how the service does, and what its pods use.")
    found = found.tooltip(DashboardCursorSync.CROSSHAIR).annotation(_rollouts())
    for variable in (
        board.DatasourceVariable("datasource").label("Prometheus").type("prometheus"),
        _variable("namespace", "label_values(build_info, namespace)"),
        _variable("model", 'label_values(build_info{namespace="$namespace"}, model)')
        .multi(multi=True).include_all(include_all=True).current(VariableOption(text=["All"], value=["$__all"])),
    ):  # fmt: skip
        found = found.with_variable(variable)
    number = 0
    for row, heading, places in placed(rows()):
        number += 1
        found = found.with_row(board.Row(row.title).id(number).grid_pos(heading))
        for panel, place in places:
            number += 1
            found = found.with_panel(built(panel).id(number).grid_pos(place))
    return json.dumps(found.build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def _variable(name: str, query: str) -> Any:
    """Return what is chosen by hand, of what there was in the time that is shown."""
    found = board.QueryVariable(name).datasource(SOURCE).query(query)
    return found.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)


def _rollouts() -> Any:
    """Mark when pods of another version began."""
    info = f"count by (model, version) (build_info{{{OF}}})"
    query = f"{info} unless {info.replace('})', '} offset 1m)')}"
    return (
        board.AnnotationQuery().name("Rollouts").datasource(SOURCE).enable(enable=True).icon_color("blue").expr(query)
    )

"""The Grafana dashboard "Model": every panel with its queries."""

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

from model.drift.index import ALERT, WARN
from monitoring.panels import SOURCE, Panel, Row, build, layout
from monitoring.queries import scoring_routes

NAMESPACE = 'namespace="$namespace"'
SCORING = f'{NAMESPACE},route=~"{scoring_routes()}"'
MODEL = f'{NAMESPACE},model=~"$model"'
CONTAINER = f'{NAMESPACE},container="score-app"'
RATE = "$__rate_interval"
SCORES = "regression_model_output"
"""The histogram of scores from 0 to 10, under the monitoring tutorial's name."""
GOOD, WARNED, BAD = "green", "orange", "red"
ROWS, VALUES = "suffix:rows/s", "suffix:values/s"


def rate(by: str, counter: str, labels: str = MODEL) -> str:
    """Return the query of a counter's growth in a second, by these labels."""
    return f"sum by ({by}) (rate({counter}{{{labels}}}[{RATE}]))"


def share(by: str, part: str, whole: str, labels: str = MODEL, window: str = RATE) -> str:
    """Return the query of one counter's growth divided by another's."""
    return " / ".join(f"sum by ({by}) (increase({each}{{{labels}}}[{window}]))" for each in (part, whole))


def quantile(part: float) -> str:
    """Return the query of a latency quantile."""
    return f"histogram_quantile({part}, {rate('le', 'request_latency_seconds_bucket', SCORING)})"


def drift(min_rows: int) -> str:
    """Return the query of the drift of each feature with enough rows, by the alerts' recording rules."""
    enough = f"score_app:drift:psi{{{MODEL}}} and score_app:drift:rows{{{MODEL}}} >= {min_rows}"
    return f'max by (model, feature) (label_replace({enough}, "feature", "(predictions)", "feature", ""))'


def rows(min_rows: int) -> list[Row]:
    """Return everything that the dashboard shows."""
    return [_model(min_rows), _service(), _prediction_log(), _pods()]


def _model(min_rows: int) -> Row:
    by_feature, by_version, truths = "{{model}} {{feature}}", "{{model}} {{version}}", "feedback_rows_total"
    return Row("Model metrics", [
        Panel("Model predictions", {}, "text", width=4,
              description="A score is a number from 0 to 10; the distribution is of all chosen models. Classes "
              "are counted below."),
        Panel("Model score (30 min avg)",
              {"{{model}}": share("model", f"{SCORES}_sum", f"{SCORES}_count", window="30m")},
              "gauge", width=8, limits=(0, 10), description="The mean prediction of a regression model."),
        Panel("Model prediction distribution (30 min)",
              {"{{le}}": f"sum by (le) (increase({SCORES}_bucket{{{MODEL}}}[30m]))"}, "heatmap", width=12,
              description="How many predictions fell between two scores in the last half hour."),
        Panel("Predictions by class", {"{{model}} {{category}}": rate("model, category", "predictions_total")},
              unit=ROWS, width=12, description="Rows predicted as each class."),
        Panel("Rows by version", {by_version: rate("model, version", "drift_rows_total", f'{MODEL},feature=""')},
              unit=ROWS, width=12, description="Rows predicted by each version: during a rollout there are two."),
        Panel("Drift by feature (PSI over the rules' window)", {by_feature: drift(min_rows)}, width=24,
              thresholds=((-inf, GOOD), (WARN, WARNED), (ALERT, BAD)),
              description="How far requests differ from training, for every feature and for the predictions, once "
              f"there are enough rows. Above {WARN} look, above {ALERT} act."),
        Panel("Values outside training", {by_feature: rate("model, feature", "feature_outside_total")},
              unit=VALUES, width=12, description="Numbers outside the range of training, and unknown categories."),
        Panel("Missing values", {by_feature: rate("model, feature", "feature_missing_total")}, unit=VALUES, width=12,
              description="Values that were absent or null."),
        Panel("Accuracy by feedback",
              {by_version: share("model, version", "feedback_right_total", truths, window="30m")},
              unit="percentunit", limits=(0, 1),
              description="The share of right classes in the feedback of the last half hour. Needs FEEDBACK_CAPACITY."),
        Panel("Mean error by feedback",
              {by_version: share("model, version", "feedback_absolute_error_total", truths, window="30m")},
              description="The mean absolute error in the feedback of the last half hour. Needs FEEDBACK_CAPACITY."),
        Panel("Inference time", {"{{model}}": share("model", "inference_seconds_sum", "inference_seconds_count")},
              unit="s", description="The mean time of one call of a model, whatever its number of rows."),
    ])  # fmt: skip


def _service() -> Row:
    success = (
        f'1 - (sum(increase(request_count_total{{{SCORING},http_status=~"5.."}}[30m])) or vector(0)) '
        f"/ sum(increase(request_count_total{{{SCORING}}}[30m]))"
    )
    return Row("Service metrics", [
        Panel("Request throughput", {}, "text", width=4, description="A success is a response that is not 5xx; "
              "a validation error is one too."),
        Panel("HTTP success rate (30 min)", {"": success}, "gauge", "percentunit", limits=(0.8, 1),
              thresholds=((-inf, BAD), (0.95, WARNED), (0.99, GOOD)), decimals=2,
              description="The share of scoring requests without 5xx."),
        Panel("Requests", {"{{route}}": rate("route", "request_latency_seconds_count", SCORING)},
              unit="reqps", width=12, description="Scoring requests by route."),
        Panel("Request latencies", {}, "text", width=4, description="The burn rate below uses the share of responses "
              "within the objective's time; quantiles are estimates between the histogram's bounds."),
        Panel("Requests in progress", {"": f"sum(requests_in_flight{{{NAMESPACE}}})"}, "stat",
              description="Requests in flight at the last scrape."),
        Panel("Latency", {f"p{part * 100:g}": quantile(part) for part in (0.99, 0.95, 0.5)}, unit="s", width=12,
              description="From the first line of a request to its response, in the server."),
        Panel("Responses by status", {"{{http_status}}": rate("http_status", "request_count_total", SCORING)},
              unit="reqps", description="Responses of the scoring routes."),
        Panel("Refused requests by reason", {"{{reason}}": rate("reason", "requests_rejected_total", NAMESPACE)},
              unit="reqps", description="Refused requests by error code."),
        Panel("Budget burn (1 is just enough for 30 days)", {
            f"{what}, 1 h": f"score_app:{what}:ratio_1h{{{NAMESPACE}}} / score_app:{what}:budget{{{NAMESPACE}}}"
            for what in ("errors", "slow")
        }, thresholds=((-inf, GOOD), (1, WARNED), (6, BAD)), description="How fast the error budget is used up."),
    ])  # fmt: skip


def _prediction_log() -> Row:
    lag = f"max by (pod) (prediction_log_lag_seconds{{{NAMESPACE}}})"
    return Row("Prediction log", [
        Panel("Rows logged", {"{{pod}}": rate("pod", "prediction_log_rows_total", NAMESPACE)}, unit=ROWS, width=6,
              description="Rows written for the shipper. Needs the component prediction-log."),
        Panel("Rows dropped", {"{{reason}}": rate("reason", "prediction_log_dropped_total", NAMESPACE)}, unit=ROWS,
              width=6, description="Rows that found no room in the queue or on the volume, or could not be written."),
        Panel("Age of the oldest row", {"{{pod}}": lag}, unit="s", width=6,
              description="How long the oldest rows of each pod have waited for the shipper."),
        Panel("Bytes logged", {"{{pod}}": rate("pod", "prediction_log_bytes_total", NAMESPACE)}, unit="Bps", width=6,
              description="Bytes written for the shipper."),
    ])  # fmt: skip


def _pods() -> Row:
    throttled, periods = (f"container_cpu_cfs_{each}periods_total" for each in ("throttled_", ""))
    return Row("Pods", [
        Panel("Pods up", {
            "up": f'sum(up{{{NAMESPACE},service="score-app-metrics"}})',
            "autoscaler's maximum": f"max(kube_horizontalpodautoscaler_spec_max_replicas{{{NAMESPACE}}})",
        }, description="Pods that can be scraped, and how many the autoscaler allows (from kube-state-metrics)."),
        Panel("CPU", {"{{pod}}": rate("pod", "process_cpu_seconds_total", NAMESPACE)}, unit="suffix:cores",
              description="Cores used by each pod."),
        Panel("CPU throttled", {"{{pod}}": share("pod", throttled, periods, CONTAINER)}, unit="percentunit",
              description="The share of the kernel's periods in which a pod was throttled (from the kubelet)."),
        Panel("Memory", {"{{pod}}": f"sum by (pod) (process_resident_memory_bytes{{{NAMESPACE}}})"}, unit="bytes",
              description="Resident memory of each pod."),
        Panel("File handles", {"{{pod}}": f"sum by (pod) (process_open_fds{{{NAMESPACE}}})"},
              description="Open files and sockets."),
        Panel("Rows per request (avg)", {"{{model}}": share("model", "request_rows_sum", "request_rows_count")},
              description="The mean number of rows in a request."),
    ])  # fmt: skip


def queries(min_rows: int) -> Iterator[tuple[str, str]]:
    """Yield every query with the title of its panel."""
    for row in rows(min_rows):
        for panel in row.panels:
            yield from ((panel.title, query) for query in panel.queries.values())


def dashboard(min_rows: int) -> str:
    """Return the dashboard as Grafana reads it."""
    found = board.Dashboard("Model").uid("score-app-model").tags(["score-app"]).refresh("5s").time("now-30m", "now")
    found = found.description("What the models predict, how the service responds, and what its pods use.")
    found = found.tooltip(DashboardCursorSync.CROSSHAIR).annotation(_rollouts())
    for variable in (
        board.DatasourceVariable("datasource").label("Prometheus").type("prometheus"),
        _variable("namespace", "label_values(build_info, namespace)"),
        _variable("model", 'label_values(build_info{namespace="$namespace"}, model)')
        .multi(multi=True).include_all(include_all=True).current(VariableOption(text=["All"], value=["$__all"])),
    ):  # fmt: skip
        found = found.with_variable(variable)
    number = 0
    for row, heading, positions in layout(rows(min_rows)):
        number += 1
        found = found.with_row(board.Row(row.title).id(number).grid_pos(heading))
        for panel, position in positions:
            number += 1
            found = found.with_panel(build(panel).id(number).grid_pos(position))
    return json.dumps(found.build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def _variable(name: str, query: str) -> Any:
    """Return a variable whose choices are the label values of the shown time."""
    found = board.QueryVariable(name).datasource(SOURCE).query(query)
    return found.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)


def _rollouts() -> Any:
    """Return the annotation that marks when pods of another version started."""
    info = f"count by (model, version) (build_info{{{NAMESPACE}}})"
    query = f"{info} unless {info.replace('})', '} offset 1m)')}"
    return (
        board.AnnotationQuery().name("Rollouts").datasource(SOURCE).enable(enable=True).icon_color("blue").expr(query)
    )

"""The PromQL that alert rules, the dashboard and `gitops verify` share."""

from __future__ import annotations

from api.pipeline.routes import ROUTES
from monitoring.slo import Slo

OBJECTIVES = ("errors", "slow")


def scoring_routes() -> str:
    """Return a pattern of the routes that score; no route holds a character with a meaning in a pattern."""
    return "|".join(sorted({each.path for each in ROUTES if each.scoring}))


def missed(slo: Slo, objective: str, window: str) -> str:
    """Return the query of how many requests missed an objective within a window."""
    labels = _labels(slo)
    if objective == "errors":
        return f'(sum(increase(request_count_total{{{labels},http_status=~"5.."}}[{window}])) or vector(0))'
    quick = f"sum(increase(request_latency_seconds_bucket{{{labels},{_bound(slo.seconds)}}}[{window}]))"
    return f"({total(slo, objective, window)} - {quick})"


def total(slo: Slo, objective: str, window: str, before: str = "") -> str:
    """Return the query of how many requests there were within a window, which may end some time before."""
    counter = "request_count_total" if objective == "errors" else "request_latency_seconds_count"
    return f"sum(increase({counter}{{{_labels(slo)}}}[{window}]{_offset(before)}))"


def refused(slo: Slo, window: str, before: str = "") -> str:
    """Return the query of how many requests were refused within a window, by status; it may end some time before."""
    labels = f'{_labels(slo)},http_status=~"4.."'
    return f"sum by (http_status) (increase(request_count_total{{{labels}}}[{window}]{_offset(before)}))"


def refused_share(slo: Slo, window: str, before: str = "") -> str:
    """Return the query of which share of the requests that is."""
    return f"{refused(slo, window, before)} / on () group_left () ({total(slo, 'errors', window, before)} > 0)"


def _offset(before: str) -> str:
    return f" offset {before}" if before else ""


def _bound(seconds: float) -> str:
    # Prometheus 3 stores the bound 1 as "1.0", Prometheus 2 as it was exposed.
    return f'le=~"{seconds:g}|{seconds:.1f}"' if seconds.is_integer() else f'le="{seconds:g}"'


def _labels(slo: Slo) -> str:
    return f'namespace="{slo.namespace}",route=~"{scoring_routes()}"'

"""One environment's recording and alerting rules: burn rates of two objectives, drift, and what else wakes people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from api.pipeline.routes import ROUTES
from api.telemetry.drift import MIN_SHARE
from monitoring.slo import Promise

Rule = dict[str, Any]
TOLD: Rule = yaml.safe_load(Path(__file__).with_name("alerts.yaml").read_text())
# How fast the budget of thirty days burns, over which windows, and whether that is worth waking somebody.
BURNS = ((14.4, "1h", "5m", "page"), (6, "6h", "30m", "page"), (3, "1d", "2h", "ticket"), (1, "3d", "6h", "ticket"))
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
LEAST_BAD = 10
"""So many requests must have failed within the long window: one failure at night is no burning budget."""


def scoring() -> str:
    """Return a pattern of the routes that score, and of no other; none holds a character that means more."""
    return "|".join(sorted({each.path for each in ROUTES if each.scoring}))


def groups(promise: Promise) -> list[Rule]:
    """Return all rules of one environment."""
    objectives = [*_budgets(promise), *_ratios(promise), *_burning(promise)]
    return [
        {"name": "score-app-objectives", "rules": objectives},
        {"name": "score-app-drift", "rules": list(_drift(promise))},
        {"name": "score-app-state", "rules": list(_state(promise))},
    ]


def _bad(promise: Promise, what: str, window: str) -> tuple[str, str]:
    """Return the queries of how many requests were bad in a window, and of how many there were."""
    of = f'namespace="{promise.namespace}",route=~"{scoring()}"'
    if what == "errors":
        every = f"sum(increase(request_count_total{{{of}}}[{window}]))"
        return f'(sum(increase(request_count_total{{{of},http_status=~"5.."}}[{window}])) or vector(0))', every
    every = f"sum(increase(request_latency_seconds_count{{{of}}}[{window}]))"
    quick = f'sum(increase(request_latency_seconds_bucket{{{of},le="{promise.within}"}}[{window}]))'
    return f"({every} - {quick})", every


def _budgets(promise: Promise) -> Iterator[Rule]:
    yield _record("score_app:errors:budget", f"vector({promise.errors:g})", promise)
    yield _record("score_app:slow:budget", f"vector({promise.slow:g})", promise)


def _ratios(promise: Promise) -> Iterator[Rule]:
    for what in TOLD["objectives"]:
        for window in WINDOWS:
            bad, every = _bad(promise, what, window)
            yield _record(f"score_app:{what}:ratio_{window}", f"{bad} / ({every} > 0)", promise)


def _burning(promise: Promise) -> Iterator[Rule]:
    own = f'{{namespace="{promise.namespace}"}}'
    for what, told in TOLD["objectives"].items():
        budget = promise.errors if what == "errors" else promise.slow
        for factor, long, short, severity in BURNS:
            bound = f"{factor * budget:g}"
            expr = (
                f"score_app:{what}:ratio_{long}{own} > {bound} and score_app:{what}:ratio_{short}{own} > {bound} "
                f"and on () {_bad(promise, what, long)[0]} > {LEAST_BAD}"
            )
            share = f"{{{{ $value | humanizePercentage }}}} in {long}, of {budget:.2%} that may"
            said = {"summary": f"Too many {told['what']}", "description": share, "runbook": told["runbook"]}
            yield _alert(told["alert"], expr, "2m", severity, promise, said, window=long)


def _drift(promise: Promise) -> Iterator[Rule]:
    by, own = "namespace, model, version, feature", f'namespace="{promise.namespace}"'
    rows = f"increase(drift_rows_total{{{own}}}[{promise.window}])"
    share = f"sum by ({by}, range) ({rows}) / on ({by}) group_left () (sum by ({by}) ({rows}) > 0)"
    yield _record("score_app:drift:share", f"clamp_min({share}, {MIN_SHARE})", promise)
    yield _record("score_app:drift:rows", f"sum by ({by}) ({rows})", promise)
    now = f"score_app:drift:share{{{own}}}"
    before = f"clamp_min(max by ({by}, range) (drift_reference{{{own}}}), {MIN_SHARE})"
    yield _record("score_app:drift:psi", f"sum by ({by}) (({now} - {before}) * ln({now} / {before}))", promise)
    psi, enough = f"score_app:drift:psi{{{own}}}", f"score_app:drift:rows{{{own}}} >= {promise.rows}"
    warning = f"{psi} > {promise.warn} <= {promise.alert} and {enough}"
    yield _alert("ScoreAppDriftBegins", warning, promise.lasting, "info", promise, TOLD["drift"])
    yield _alert(
        "ScoreAppDrift", f"{psi} > {promise.alert} and {enough}", promise.lasting, "ticket", promise, TOLD["drift"]
    )


def _state(promise: Promise) -> Iterator[Rule]:
    for told in TOLD["state"]:
        expr = told["expr"].replace("OWN", f'namespace="{promise.namespace}"')
        yield _alert(told["alert"], expr, told["for"], told["severity"], promise, told)


def _record(name: str, expr: str, promise: Promise) -> Rule:
    return {"record": name, "expr": expr, "labels": {"namespace": promise.namespace}}


def _alert(name: str, expr: str, lasting: str, severity: str, promise: Promise, told: Rule, **labels: str) -> Rule:
    return {
        "alert": name,
        "expr": expr,
        "for": lasting,
        "labels": {"severity": severity, "namespace": promise.namespace, **labels},
        "annotations": {key: told[key] for key in ("summary", "description", "runbook")},
    }

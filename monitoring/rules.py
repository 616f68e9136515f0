"""The recording and alerting rules of one environment: burn rates of two objectives, drift, and the pods' state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from model.drift.index import MIN_SHARE
from monitoring.queries import OBJECTIVES, missed, refused, refused_share, total
from monitoring.slo import Slo

Rule = dict[str, Any]
TEXTS: Rule = yaml.safe_load(Path(__file__).with_name("alerts.yaml").read_text(encoding="utf-8"))
# How many times faster than allowed the budget of 30 days burns, over which windows, and the severity of that.
BURN_RATES = (
    (14.4, "1h", "5m", "page"),
    (6, "6h", "30m", "page"),
    (3, "1d", "2h", "ticket"),
    (1, "3d", "6h", "ticket"),
)
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
MIN_MISSED = 10
"""So many requests must have failed within the long window: one failure at night burns no budget."""
REFUSED_SHARE, REFUSED_TIMES = 0.05, 5
"""Refusals of one status are news from this share of the requests on, if it was so many times smaller before."""


def groups(slo: Slo) -> list[Rule]:
    """Return all rules of one environment."""
    return [
        {"name": "score-app-objectives", "rules": [*_budgets(slo), *_ratios(slo), *_burn_alerts(slo)]},
        {"name": "score-app-refusals", "rules": list(_refusals(slo))},
        {"name": "score-app-drift", "rules": list(_drift(slo))},
        {"name": "score-app-state", "rules": list(_state(slo))},
    ]


def _budgets(slo: Slo) -> Iterator[Rule]:
    for objective in OBJECTIVES:
        yield _record(f"score_app:{objective}:budget", f"vector({slo.allowed(objective):g})", slo)


def _ratios(slo: Slo) -> Iterator[Rule]:
    for objective in OBJECTIVES:
        for window in WINDOWS:
            ratio = f"{missed(slo, objective, window)} / ({total(slo, objective, window)} > 0)"
            yield _record(f"score_app:{objective}:ratio_{window}", ratio, slo)


def _burn_alerts(slo: Slo) -> Iterator[Rule]:
    own = f'{{namespace="{slo.namespace}"}}'
    for objective, texts in TEXTS["objectives"].items():
        budget = slo.allowed(objective)
        for factor, long, short, severity in BURN_RATES:
            limit = f"{factor * budget:g}"
            expr = (
                f"score_app:{objective}:ratio_{long}{own} > {limit} and score_app:{objective}:ratio_{short}{own} > "
                f"{limit} and on () {missed(slo, objective, long)} > {MIN_MISSED}"
            )
            description = f"{{{{ $value | humanizePercentage }}}} in {long}; {budget:.2%} are allowed"
            shown = {"summary": texts["summary"], "description": description, "runbook": texts["runbook"]}
            yield _alert(texts["alert"], expr, "2m", severity, slo, shown, window=long)


def _refusals(slo: Slo) -> Iterator[Rule]:
    """Yield an alert about refusals of one status that are new, beside the environment's own past."""
    now, past = refused_share(slo, "10m"), refused_share(slo, "1d", before="15m")
    news = f"({now} > {REFUSED_TIMES} * ({past}) or {now} unless {past}) > {REFUSED_SHARE}"
    expr = f"{news} and {refused(slo, '10m')} > {MIN_MISSED}"
    yield _alert("ScoreAppRefusals", expr, "2m", "ticket", slo, TEXTS["refusals"])


def _drift(slo: Slo) -> Iterator[Rule]:
    by, own = "namespace, model, version, feature", f'namespace="{slo.namespace}"'
    rows = f"increase(drift_rows_total{{{own}}}[{slo.drift.window}])"
    share = f"sum by ({by}, range) ({rows}) / on ({by}) group_left () (sum by ({by}) ({rows}) > 0)"
    yield _record("score_app:drift:share", f"clamp_min({share}, {MIN_SHARE})", slo)
    yield _record("score_app:drift:rows", f"sum by ({by}) ({rows})", slo)
    now = f"score_app:drift:share{{{own}}}"
    training = f"clamp_min(max by ({by}, range) (drift_reference{{{own}}}), {MIN_SHARE})"
    yield _record("score_app:drift:psi", f"sum by ({by}) (({now} - {training}) * ln({now} / {training}))", slo)
    psi, enough = f"score_app:drift:psi{{{own}}}", f"score_app:drift:rows{{{own}}} >= {slo.drift.min_rows}"
    warning = f"{psi} > {slo.drift.warn} <= {slo.drift.alert} and {enough}"
    yield _alert("ScoreAppDriftBegins", warning, slo.drift.lasting, "info", slo, TEXTS["drift"])
    alert = f"{psi} > {slo.drift.alert} and {enough}"
    yield _alert("ScoreAppDrift", alert, slo.drift.lasting, "ticket", slo, TEXTS["drift"])


def _state(slo: Slo) -> Iterator[Rule]:
    for each in TEXTS["state"]:
        expr = each["expr"].replace("OWN", f'namespace="{slo.namespace}"')
        yield _alert(each["alert"], expr, each["for"], each["severity"], slo, each)


def _record(name: str, expr: str, slo: Slo) -> Rule:
    return {"record": name, "expr": expr, "labels": {"namespace": slo.namespace}}


def _alert(name: str, expr: str, lasting: str, severity: str, slo: Slo, texts: Rule, **labels: str) -> Rule:
    return {
        "alert": name,
        "expr": expr,
        "for": lasting,
        "labels": {"severity": severity, "namespace": slo.namespace, **labels},
        "annotations": {key: texts[key] for key in ("summary", "description", "runbook")},
    }

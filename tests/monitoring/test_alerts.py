"""The rules in Prometheus's own test tool: the right alerts fire, and no others."""

import pytest
import yaml

from gitops.environments import load
from tests.helpers.manifests import ROOT
from tests.helpers.prometheus import promtool

BURNS = "ScoreAppErrorBudgetBurns"
SLOW = "ScoreAppLatencyBudgetBurns"
DRIFT = "ScoreAppDrift"
REFUSALS = "ScoreAppRefusals"
DROPS, LAGS = "ScoreAppPredictionLogDrops", "ScoreAppPredictionLogLags"
PAGES = [("1h", "page"), ("6h", "page"), ("1d", "ticket"), ("3d", "ticket")]


def requests(good, bad, route="/score"):
    of = f'namespace="mlops-prod",prometheus_app="score-app",method="POST",route="{route}"'
    return {
        f'request_count_total{{{of},http_status="200"}}': good,
        f'request_count_total{{{of},http_status="500"}}': bad,
    }


def latency(every, quick):
    of = 'namespace="mlops-prod",prometheus_app="score-app",route="/score"'
    return {f"request_latency_seconds_count{{{of}}}": every, f'request_latency_seconds_bucket{{{of},le="0.1"}}': quick}


def drift(**features):
    """Return the rows in two ranges, which training had in halves."""
    found = {}
    for feature, ranges in features.items():
        for place, values in enumerate(ranges):
            of = f'namespace="mlops-prod",model="m",version="v",feature="{feature}",range="{place}"'
            found |= {f"drift_rows_total{{{of}}}": values, f"drift_reference{{{of}}}": "0.5x400"}
    return found


def refused(status, values):
    of = 'namespace="mlops-prod",prometheus_app="score-app",method="POST",route="/score"'
    return {f'request_count_total{{{of},http_status="{status}"}}': values}


def refusing(status):
    return [{"severity": "ticket", "namespace": "mlops-prod", "http_status": str(status)}]


def burning(name, windows):
    return [{"severity": severity, "namespace": "mlops-prod", "window": window} for window, severity in windows]


def drifting(name, *features):
    of = {"severity": "ticket", "namespace": "mlops-prod", "model": "m", "version": "v"}
    return [{**of, "feature": each} for each in features]


# What is received, how often it is sampled, and which alerts there are when.
STORIES = {
    "a burst": (requests("0+100x60 6100+100x60", "0x60 30+30x60"), "1m", [("1h15m", BURNS, burning(BURNS, PAGES))]),
    "a burst that is over": (
        requests("0+100x60 6100+100x10 7200+100x400", "0x60 30+30x10 330x400"), "1m",
        # What was lost stays lost, but nobody is woken any more.
        [("1h8m", BURNS, burning(BURNS, PAGES)), ("7h50m", BURNS, burning(BURNS, []))],
    ),
    "a slow burn": (requests("0+1000x1200", "0+2x1200"), "5m", [("4d", BURNS, burning(BURNS, [("3d", "ticket")]))]),
    "nobody asks": (requests("5000x600", "7x600"), "5m", [("2d", BURNS, [])]),
    "a failure at night": (requests("0+0x60 0+1x60", "0x60 1x60"), "1m", [("1h30m", BURNS, [])]),
    "counters start anew": (requests("0+100x60 0+100x60 0+100x60", "0x180"), "1m", [("2h30m", BURNS, [])]),
    "what does not score": (requests("0+100x90", "0+100x90", route="/error"), "1m", [("1h20m", BURNS, [])]),
    "slow answers": (latency("0+100x120", "0+60x120"), "1m", [("1h30m", SLOW, burning(SLOW, PAGES))]),
    "quick answers": (latency("0+100x120", "0+100x120"), "1m", [("1h30m", SLOW, [])]),
    "refusals of one kind that are new": (
        requests("0+500x400", "0x400") | refused(413, "0+1x300 300+300x100") | refused(422, "0+50x400"), "5m",
        [("24h", REFUSALS, []), ("25h30m", REFUSALS, refusing(413)), ("33h", REFUSALS, [])],
    ),
    "refusals of a kind that was never seen": (
        requests("0+500x400", "0x400") | refused(401, "_x300 0+300x100"), "5m",
        [("25h30m", REFUSALS, refusing(401))],
    ),
    "drift in one feature": (
        drift(a=("0+20x240", "0x240"), b=("0+10x240", "0+10x240")), "1m",
        [("25m", DRIFT, []), ("2h", DRIFT, drifting(DRIFT, "a"))],
    ),
    "drift that ends": (
        drift(a=("0+20x120 2410+10x200", "0x120 10+10x200")), "1m",
        [("2h", DRIFT, drifting(DRIFT, "a")), ("4h30m", DRIFT, [])],
    ),
    "too few rows": (drift(a=("0+2x240", "0x240")), "1m", [("3h", DRIFT, [])]),
    "a log that loses rows": (
        {'prediction_log_dropped_total{namespace="mlops-prod",pod="a",reason="volume"}': "0x20 0+5x20"}, "1m",
        [("15m", DROPS, []),
         ("30m", DROPS, [{"severity": "ticket", "namespace": "mlops-prod", "reason": "volume"}])],
    ),
    "a log that is not shipped": (
        {'prediction_log_lag_seconds{namespace="mlops-prod",pod="a"}': "30x10 700x20"}, "1m",
        [("10m", LAGS, []), ("20m", LAGS, [{"severity": "ticket", "namespace": "mlops-prod", "pod": "a"}])],
    ),
    "nothing can be scraped": (
        {'up{namespace="mlops-prod",service="score-app-metrics",pod="a"}': "1x10 0x20"}, "1m",
        [("5m", "ScoreAppDown", []),
         ("15m", "ScoreAppDown", [{"severity": "page", "namespace": "mlops-prod"}])],
    ),
    "a pod that starts again and again": (
        {'process_start_time_seconds{namespace="mlops-prod",pod="a"}': "1x5 2x5 3x5 4x20"}, "1m",
        [("20m", "ScoreAppRestarts", [{"severity": "ticket", "namespace": "mlops-prod", "pod": "a"}])],
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_alerts_fire_when_they_must(story, rules, tmp_path):
    series, interval, moments = STORIES[story]
    wanted = [
        {"eval_time": time, "alertname": alert, "exp_alerts": [{"exp_labels": labels} for labels in found]}
        for time, alert, found in moments
    ]
    page = {
        "rule_files": [str(rules)], "evaluation_interval": interval,
        "tests": [{
            "interval": interval, "input_series": [{"series": k, "values": v} for k, v in series.items()],
            "alert_rule_test": wanted,
        }],
    }  # fmt: skip
    # The texts contain numbers that are no part of this test; labels and presence are.
    strip = yaml.safe_load(rules.read_text())
    for group in strip["groups"]:
        for rule in group["rules"]:
            rule.pop("annotations", None)
    rules.write_text(yaml.safe_dump(strip))
    path = tmp_path / "story.yaml"
    path.write_text(yaml.safe_dump(page))
    promtool("test", "rules", path)


def test_the_rules_are_well_formed(rules):
    assert "SUCCESS" in promtool("check", "rules", rules)


def test_every_alert_says_what_to_do():
    for environment in (each for each in load(ROOT).all if each.slo):
        page = yaml.safe_load((ROOT / "overlays" / environment.name / "alerts.yaml").read_text())
        alerts = [rule for group in page["spec"]["groups"] for rule in group["rules"] if "alert" in rule]
        assert len(alerts) > 15
        assert all(set(each["annotations"]) == {"summary", "description", "runbook"} for each in alerts)
        assert {each["labels"]["namespace"] for each in alerts} == {environment.namespace}

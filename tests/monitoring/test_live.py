"""The dashboard's own queries against a real Prometheus that scrapes the real service under a known load."""

import json
import re
from dataclasses import replace
from math import isnan
from time import monotonic, sleep

import pytest

from gitops.environments import load as load_environments
from gitops.generate.observability import min_rows
from gitops.verification.slo_check import find_missed_objective
from monitoring.dashboard import dashboard, queries
from tests.helpers.bundles import SAMPLES
from tests.helpers.prometheus import filled, observed
from tests.helpers.sample import SAMPLE
from tests.helpers.server import fetch, running
from tests.helpers.waiting import until

WINE = [7.4, 0.7, 0.0, 1.9, 0.076, 11, 34, 0.9978, 3.51, 0.56, 9.4]
CHURN = {"tenure_months": 900, "monthly_charges": None, "support_calls": 1, "contract": "one year", "internet": "dsl",
         "payment": "card"}  # fmt: skip
BATCH = 50
"""Rows of wine in one request: only this model has enough rows for drift."""
ENVIRONMENTS = load_environments(SAMPLE)
MIN_ROWS = min_rows(ENVIRONMENTS)
SLO = ENVIRONMENTS.get("prod").slo
# One Prometheus for all of them.
pytestmark = pytest.mark.xdist_group("prometheus")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    log = tmp_path_factory.mktemp("log")
    with running(model=",".join(SAMPLES), log_level="error", feedback_capacity=1000, prediction_log=log) as process:
        yield process


@pytest.fixture(scope="module")
def prometheus(service, tmp_path_factory):
    with observed(tmp_path_factory.mktemp("prometheus"), [service]) as found:
        yield found


class Load:
    """So many requests of each kind, counted."""

    def __init__(self, url):
        self.url, self.rounds = url, 0

    def round(self):
        self.rounds += 1
        for path, body in (
            ("/score", {"X": [5.1, 3.5, 1.4, 0.2]}),
            ("/v1/models/wine:predict", {"instances": [WINE] * BATCH}),
            ("/v1/models/churn:predict", {"instances": [CHURN]}),
        ):
            answer = fetch(f"{self.url}{path}", json.dumps(body).encode())
            assert answer.status == 200
            if "wine" in path:
                self.score = answer.json["predictions"][0]
            truth = {"/score": 0, "/v1/models/churn:predict": "leaves"}.get(path, [5.0] * BATCH)
            feedback = {"request_id": answer.headers["x-request-id"], "truth": truth}
            assert fetch(f"{self.url}/feedback", json.dumps(feedback).encode()).status == 200
        assert fetch(f"{self.url}/score", b'{"X": ["wrong"]}').status == 400


@pytest.fixture(scope="module")
def load(service, prometheus):
    """Ask until every query has an answer, so that a panel without one is a fault and not a matter of time."""
    found = Load(service.url)
    missing = []

    def shown():
        found.round()
        missing[:] = [title for title, query in queries(MIN_ROWS) if not numbers(prometheus.ask(filled(query)))]
        return not missing

    end = monotonic() + 90
    while not shown():
        if monotonic() > end:
            pytest.fail(f"no answer for {missing}")
        sleep(0.3)
    return found


def numbers(result):
    return [value for each in result if not isnan(value := float(each["value"][1]))]


def test_no_panel_is_empty_and_the_numbers_are_right(prometheus, load):
    asked = 'sum(request_count_total{route="/score",http_status="200"})'
    until(lambda: prometheus.value(asked) == load.rounds, "the last request is scraped")
    found = {title: numbers(prometheus.ask(filled(query))) for title, query in queries(MIN_ROWS)}
    for title, values in found.items():
        print(f"| {title} | {', '.join(f'{value:.4g}' for value in values[:6])} |")
    assert found["HTTP success rate (30 min)"] == [1.0]
    (score,) = found["Model score (30 min avg)"]
    assert score == pytest.approx(load.score, rel=1e-3)
    assert prometheus.value('predictions_total{model="iris",category="0"}') == load.rounds
    assert prometheus.value('regression_model_output_count{model="wine"}') == BATCH * load.rounds
    assert prometheus.value('feature_missing_total{model="churn",feature="monthly_charges"}') == load.rounds
    assert prometheus.value('feature_outside_total{model="churn",feature="tenure_months"}') == load.rounds
    assert prometheus.value('sum(requests_rejected_total{route="/score"})') == load.rounds
    assert sorted(found["Accuracy by feedback"]) == [0.0, 1.0]
    assert found["Mean error by feedback"] == [pytest.approx(load.score - 5, rel=1e-3)]
    assert found["CPU throttled"] == [pytest.approx(0.1)]
    shown = next(query for title, query in queries(MIN_ROWS) if title.startswith("Drift"))
    assert {each["metric"]["model"] for each in prometheus.ask(filled(shown))} == {"wine"}
    assert "(predictions)" in {each["metric"]["feature"] for each in prometheus.ask(filled(shown))}


def test_drift_of_this_very_load_is_measured_per_feature(prometheus, load):
    until(
        lambda: prometheus.value('score_app:drift:psi{model="churn",feature="tenure_months"}'), "the rule has a value"
    )
    # Every row lies in one range of ten: the index is that of all against a tenth.
    assert prometheus.value('score_app:drift:psi{model="churn",feature="tenure_months"}') > 2
    alerts = [each["metric"] for each in prometheus.ask("ALERTS")]
    drifts = [each for each in alerts if each["alertname"].startswith("ScoreAppDrift")]
    assert {(each["alertname"], each["alertstate"], each["model"]) for each in drifts} <= {
        ("ScoreAppDrift", "pending", "wine")
    }


def test_verify_compares_errors_and_latency_with_the_slo(prometheus, load):
    relaxed = replace(SLO, seconds=10.0)
    assert find_missed_objective(prometheus.url, relaxed) is None
    strict = find_missed_objective(prometheus.url, replace(SLO, seconds=0.0001))
    assert re.fullmatch(r"[\d.]+% of the requests were slower than 0.0001 s, 1.00% are allowed", strict)
    unforgiving = find_missed_objective(prometheus.url, replace(relaxed, errors=-1.0))
    assert unforgiving.startswith("0.00% of the requests were answered with 5xx")
    assert "Prometheus does not answer" in find_missed_objective("http://127.0.0.1:9", SLO)


def test_the_dashboard_has_what_the_tutorial_s_had():
    found = json.loads(dashboard(MIN_ROWS))
    titles = [panel["title"] for panel in found["panels"]]
    assert len(titles) == len(set(titles)) > 25
    for title in (
        "Model metrics", "Model predictions", "Model score (30 min avg)", "Model prediction distribution (30 min)",
        "Service metrics", "Request throughput", "HTTP success rate (30 min)", "Requests", "Request latencies",
        "Requests in progress", "Latency",
    ):  # fmt: skip
        assert title in titles


def test_panels_say_what_they_show_and_have_room():
    taken = set()
    for panel in json.loads(dashboard(MIN_ROWS))["panels"]:
        place = panel["gridPos"]
        own = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not taken & own
        assert place["x"] + place["w"] <= 24
        taken |= own
        assert panel["type"] in ("row", "text") or panel["description"].endswith("."), panel["title"]
        assert panel["type"] != "timeseries" or panel["options"]["legend"]["showLegend"]

"""What a model is asked and answers is counted against its training, the same for one row as for many."""

import io
import json

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from api.telemetry.prometheus import exposition

PURCHASES = [[30, 0, 20], [17, 1, 1], [99, 0, 5]]
CHURN = {"monthly_charges": 80, "support_calls": 1, "contract": "weekly", "internet": None, "payment": "card"}


def samples(client):
    body, _ = exposition(client.service.metrics, "text/plain")
    families = list(text_string_to_metric_families(body.decode()))
    assert len({family.name for family in families}) == len(families)
    return {(s.name, *sorted(s.labels.items())): s.value for family in families for s in family.samples}


def value(found, name, **labels):
    return found[name, *sorted(labels.items())]


@pytest.mark.parametrize("one_by_one", [True, False])
def test_features_and_predictions_are_counted(one_by_one, make_client):
    client = make_client("purchase")
    for rows in ([row] for row in PURCHASES) if one_by_one else [PURCHASES]:
        assert client.post("/score", {"X": rows}).status == 200
    found = samples(client)
    assert value(found, "feature_outside_total", model="purchase", feature="age") == 1
    assert value(found, "feature_outside_total", model="purchase", feature="new_user") == 0
    assert value(found, "feature_value_bucket", model="purchase", feature="age", le="57") == 2
    assert value(found, "feature_value_bucket", model="purchase", feature="age", le="+Inf") == 3
    assert value(found, "predictions_total", model="purchase", category="1") == 1
    assert value(found, "predictions_total", model="purchase", category="0") == 2
    assert value(found, "request_rows_sum", model="purchase") == 3
    assert value(found, "request_rows_count", model="purchase") == (3 if one_by_one else 1)
    assert value(found, "inference_seconds_count", model="purchase") == (3 if one_by_one else 1)


@pytest.mark.parametrize("copies", [1, 3])
def test_categories_and_gaps_are_counted(copies, make_client):
    client = make_client("churn")
    client.post("/score", {"X": [{"tenure_months": 5, **CHURN}] * copies})
    found = samples(client)
    assert value(found, "feature_category_total", model="churn", feature="contract", category="other") == copies
    assert value(found, "feature_outside_total", model="churn", feature="contract") == copies
    assert value(found, "feature_category_total", model="churn", feature="payment", category="card") == copies
    assert value(found, "feature_missing_total", model="churn", feature="internet") == copies


def test_drift_is_measured_by_the_ranges_of_training(make_client):
    client = make_client("churn")
    client.post("/score", {"X": [{"tenure_months": 500, **CHURN}] * 3})
    found, of = samples(client), {"model": "churn", "version": client.service.models.default.version}
    shares = {}
    for (name, *labels), number in found.items():
        if name == "drift_reference":
            shares.setdefault(dict(labels)["feature"], []).append(number)
    assert set(shares) == {"", *client.service.models.default.signature.names}
    assert all(sum(each) == pytest.approx(1) for each in shares.values())
    assert value(found, "drift_rows_total", feature="tenure_months", range="9", **of) == 3
    assert value(found, "drift_rows_total", feature="contract", range="(others)", **of) == 3
    assert value(found, "drift_rows_total", feature="internet", range="missing", **of) == 3
    assert value(found, "drift_rows_total", feature="", range="no", **of) == 3


def test_the_wine_tutorial_s_histogram_counts_scores(make_client):
    client = make_client("wine")
    row = [7.4, 0.7, 0.0, 1.9, 0.076, 11, 34, 0.9978, 3.51, 0.56, 9.4]
    answers = client.post("/predict", {"data": [row, row]}).json["pred"]
    found = samples(client)
    assert value(found, "regression_model_output_count", prometheus_app="score-app", model="wine") == 2
    total = value(found, "regression_model_output_sum", prometheus_app="score-app", model="wine")
    assert total == pytest.approx(sum(answers))
    assert value(found, "regression_model_output_bucket", prometheus_app="score-app", model="wine", le="10") == 2


def test_several_models_share_their_families(make_client):
    client = make_client("iris", "wine", "churn")
    client.post("/v1/models/iris:predict", {"instances": [[1, 2, 3, 4]]})
    assert value(samples(client), "request_rows_count", model="iris") == 1


def test_metrics_are_public_only_on_request(make_client):
    assert make_client().get("/metrics").status == 404
    shown = make_client(public_metrics=True).get("/metrics")
    assert (shown.status, b"build_info" in shown.body) == (200, True)


def test_a_trace_is_named_in_the_log_and_beside_the_latency(make_client):
    log, trace, caller = io.StringIO(), "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    valid = [f"00-{trace}-{caller}-01", f"cc-{trace}-{caller}-01-what-the-future-brings"]
    invalid = [
        "nonsense", f"ff-{trace}-{caller}-01", f"00-{trace}-{caller}-01-more", f"cc-{trace}-{caller}-01more",
        f"00-{'0' * 32}-{caller}-01", f"00-{trace}-{'0' * 16}-01",
    ]  # fmt: skip
    client = make_client("iris", stream=log, log_sample_rate=1.0)
    for parent in valid + invalid:
        assert client.post("/score", {"X": [5.1, 3.5, 1.4, 0.2]}, {"traceparent": parent}).status == 200
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line.get("trace_id") for line in lines] == [trace] * len(valid) + [None] * len(invalid)
    body, kind = exposition(client.service.metrics, "application/openmetrics-text; version=1.0.0")
    assert "openmetrics" in kind
    found = [
        sample
        for family in openmetrics(body.decode())
        for sample in family.samples
        if sample.name == "request_latency_seconds_bucket" and sample.exemplar
    ]
    assert [(each.labels["route"], each.exemplar.labels) for each in found] == [("/score", {"trace_id": trace})]

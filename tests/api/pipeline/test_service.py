"""The stages: their order, what each of them may refuse, and what is recorded in any case."""

import io
import json

import pytest

from api.pipeline.routes import ROUTES
from tests.api.telemetry.test_metrics import samples, value
from tests.helpers.server import model

FLOWER = {"X": [5.1, 3.5, 1.4, 0.2]}
KEY = "a-key-of-mine"
SCORING = [
    route.path.replace("<name>", "iris").replace("<version>", model("iris").version)
    for route in ROUTES if route.scoring and route.method == "POST"
]  # fmt: skip


def names(stages):
    return [stage.__name__ for stage in stages]


def test_the_stages_are_listed(make_client):
    service = make_client().service
    assert names(service.prediction) == ["identify", "admit", "receive", "decode", "predict", "encode"]
    assert names(service.information) == ["identify", "admit", "receive", "respond"]


def test_a_key_comes_before_load_and_load_before_the_body(make_client):
    client = make_client("iris", api_keys=(KEY,))
    client.service.limits.load.overloaded = True
    assert client.post("/score", b"not JSON").json["error"]["code"] == "unauthorized"
    assert client.post("/score", b"not JSON", {"X-API-Key": KEY}).json["error"]["code"] == "overloaded"
    assert client.get("/readyz").status == 200
    client.service.limits.load.overloaded = False
    client.service.limits.load.cpu.limit = 0
    assert client.post("/score", b"not JSON", {"X-API-Key": KEY}).json["error"]["code"] == "overloaded"
    client.service.limits.load.cpu.limit = 1
    assert client.post("/score", b"not JSON", {"X-API-Key": KEY}).json["error"]["code"] == "malformed"


@pytest.mark.parametrize("fast", [True, False])
def test_nothing_is_read_of_a_body_without_a_key(fast, make_client):
    client = make_client("iris", fast=fast, api_keys=(KEY,), feedback_capacity=9)
    for route in SCORING:
        body = io.BytesIO(b"{}")
        answer = client.ask("POST", route, b"{}", {"Content-Encoding": "gzip"}, **{"wsgi.input": body})
        assert (answer.status, body.tell()) == (401, 0), route
    short = {"CONTENT_LENGTH": "99"}
    answer = client.ask("POST", "/score", b"{}", {"X-API-Key": KEY}, **short)
    assert (answer.status, answer.json["error"]["code"]) == (400, "incomplete")


@pytest.mark.parametrize("path", ["/score", "/livez", "/nothing"])
@pytest.mark.parametrize("given", ["mine", "é", "a" * 129, ""])
def test_a_request_id_is_the_caller_s_if_it_is_harmless(path, given, make_client):
    answer = make_client().get(path, {"X-Request-ID": given})
    assert (answer.headers["x-request-id"] == given) is (given == "mine")
    assert answer.headers["x-request-id"]


def test_ids_differ(make_client):
    client = make_client()
    assert len({client.post("/score", FLOWER).headers["x-request-id"] for _ in range(20)}) == 20


def test_nothing_stays_in_flight(make_client, monkeypatch):
    client = make_client("iris")
    monkeypatch.setattr(client.service.models, "predict_row", lambda *_: 1 / 0)
    assert [client.post("/score", body).status for body in (FLOWER, {"X": 1}, b"{")] == [500, 400, 400]
    assert not client.service.metrics.in_flight


def test_draining_closes_connections_also_of_refused_requests(make_client):
    client = make_client()
    assert "connection" not in client.get("/livez").headers
    client.service.state.draining = True
    for path in ("/livez", "/score", "/nothing"):
        assert client.get(path).headers["connection"] == "close"


def log_lines(make_client, requests, **settings):
    log = io.StringIO()
    client = make_client("iris", stream=log, **settings)
    for path, body in requests:
        client.post(path, body)
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("path", "body", "protocol"),
    [
        ("/score", FLOWER, "score"),
        ("/predict", {"input": FLOWER["X"]}, "predict"),
        ("/v1/models/iris:predict", {"instances": [FLOWER["X"]]}, "kserve_v1"),
        ("/v2/models/iris/infer", {}, "open_inference"),
        ("/invocations", {}, "mlflow"),
        ("/explain", {}, "explain"),
        ("/feedback", {}, "feedback"),
        ("/batch", b"x", "pages"),
    ],
)
def test_the_log_names_the_protocol(path, body, protocol, make_client):
    (line,) = log_lines(make_client, [(path, body)], log_sample_rate=1.0)
    assert (line["event"], line["route"].partition("<")[0], line["protocol"]) == (
        "request", path.partition("iris")[0], protocol
    )  # fmt: skip


def test_good_answers_are_logged_at_the_sample_rate_and_errors_always(make_client):
    assert len(log_lines(make_client, [("/score", FLOWER)] * 100)) == 0
    assert len(log_lines(make_client, [("/score", FLOWER)] * 100, log_sample_rate=0.25)) == 25
    assert len(log_lines(make_client, [("/score", b"{")] * 5)) == 5


def test_an_unmatched_request_is_counted_and_not_logged(make_client):
    log = io.StringIO()
    client = make_client("iris", stream=log)
    assert [client.get(path).status for path in ("/nothing", "/v1/nothing", "/score")] == [404, 404, 405]
    assert log.getvalue() == ""
    labels = {"prometheus_app": "score-app", "method": "GET", "route": "unmatched"}
    assert value(samples(client), "request_count_total", http_status="404", **labels) == 2
    assert value(samples(client), "request_count_total", http_status="405", **labels) == 1

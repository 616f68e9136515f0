"""The prediction log of the service: every answered row is written, whatever protocol it came in."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.helpers.logged import CHURN, NAMES, ROW, TENSOR, counted, records, ship, stored
from tests.helpers.server import model

TRACE = "0123456789abcdef0123456789abcdef"
TRACEPARENT = f"00-{TRACE}-0123456789abcdef-01"
SPLIT = {"dataframe_split": {"columns": NAMES[::-1], "data": [ROW[::-1]]}}
COLUMNS = [{**TENSOR, "name": name, "shape": [1], "data": [cell]} for name, cell in zip(NAMES, ROW, strict=True)]
CSV = (",".join(NAMES) + "\n" + ",".join(map(str, ROW)) + "\n").encode()
REQUESTS = {
    "a row": ("/score", {"X": ROW}, None),
    "rows": ("/score", {"X": [ROW]}, None),
    "a record": ("/predict", dict(zip(NAMES, ROW, strict=True)), None),
    "named columns in another order": ("/predict", SPLIT, None),
    "KServe V1": ("/v1/models/iris:predict", {"instances": [ROW]}, None),
    "a tensor": ("/v2/models/iris/infer", {"inputs": [TENSOR]}, None),
    "a tensor a feature": ("/v2/models/iris/infer", {"inputs": COLUMNS}, None),
    "MLflow by column": ("/invocations", {"inputs": {n: [c] for n, c in zip(NAMES, ROW, strict=True)}}, None),
    "a CSV file": ("/predict_file", CSV, {"Content-Type": "text/csv"}),
}


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_row_is_logged_by_name_whatever_protocol_it_came_in(kind, make_client, tmp_path):
    client = make_client(prediction_log=tmp_path / "log")
    path, body, headers = REQUESTS[kind]
    answer = client.post(path, body, {**(headers or {}), "traceparent": TRACEPARENT})
    assert answer.status == 200, answer.body
    client.service.close()
    (found,) = ship(tmp_path / "log", tmp_path / "store")
    assert [found[name] for name in NAMES] == ROW
    assert (found["prediction"], found["request_id"], found["row"]) == (0, answer.headers["x-request-id"], 0)
    assert found["trace_id"] == TRACE
    assert 0 < found["latency_seconds"] < 60
    assert datetime.now(UTC) - found["time"] < timedelta(minutes=2)
    (file,) = (tmp_path / "store" / "predictions").rglob("*.parquet")
    assert file.parts[-4:-2] == ("model=iris", f"version={model('iris').version}")


def test_types_probabilities_and_the_trace_are_logged(make_client, tmp_path):
    client = make_client("churn", prediction_log=tmp_path / "log")
    client.post("/score?proba=1", {"X": [list(CHURN)] * 2}, {"traceparent": TRACEPARENT})
    client.service.close()
    first, second = ship(tmp_path / "log", tmp_path / "store")
    features = [first[name] for name in model("churn").signature.names]
    assert features == list(CHURN)
    assert {type(each) for each in features} == {float, str}
    assert sum(first["probabilities"]) == pytest.approx(1)
    assert (first["row"], second["row"], second["trace_id"]) == (0, 1, TRACE)


def test_a_large_batch_is_logged_to_the_row(make_client, tmp_path):
    client = make_client(prediction_log=tmp_path / "log")
    rows = [[number / 1000, 3.5, 1.4, 0.2] for number in range(2501)]
    assert client.post("/score", {"X": rows}).status == 200
    client.service.close()
    assert len(records(tmp_path / "log")) == 3
    found = ship(tmp_path / "log", tmp_path / "store")
    assert [each[NAMES[0]] for each in found] == [row[0] for row in rows]
    assert [each["row"] for each in found] == list(range(2501))


def test_refused_requests_and_explanations_are_not_logged(make_client, tmp_path):
    client = make_client(prediction_log=tmp_path / "log")
    client.post("/score", {"X": ["no number", 1, 2, 3]})
    client.post("/explain", {"X": ROW})
    client.service.close()
    assert counted(client) == (0, 0)
    assert not list((tmp_path / "log").iterdir())


EMPTY = {
    "instances": ("/v1/models/churn:predict", {"instances": []}),
    "a list": ("/score?model=churn", {"X": []}),
    "no truth": ("/feedback", {"request_id": "another-pod-1", "truth": []}),
}


@pytest.mark.parametrize("kind", EMPTY)
def test_an_empty_request_costs_no_other_row(kind, make_client, tmp_path):
    client = make_client("iris", "churn", prediction_log=tmp_path / "log")
    client.post("/score", {"X": ROW})
    assert client.post(*EMPTY[kind]).status in (200, 202)
    client.service.close()
    (found,) = ship(tmp_path / "log", tmp_path / "store")
    assert found["prediction"] == 0
    assert not list((tmp_path / "log").iterdir())


def test_feedback_is_logged_whoever_answered(make_client, tmp_path):
    client = make_client(prediction_log=tmp_path / "log", feedback_capacity=10)
    request_id = client.post("/score", {"X": [ROW, ROW]}).headers["x-request-id"]
    assert client.post("/feedback", {"request_id": request_id, "truth": [0, 1]}).status == 200
    elsewhere = client.post("/feedback", {"request_id": "another-pod-1", "truth": "setosa"})
    assert (elsewhere.status, elsewhere.json) == (202, {"rows": 1})
    assert client.post("/feedback", {"request_id": "another-pod-1", "truth": {"a": 1}}).status == 422
    client.service.close()
    ship(tmp_path / "log", tmp_path / "store")
    found = stored(tmp_path / "store", "feedback")
    shown = [(each["request_id"], each["row"], each["truth"], each["model"]) for each in found]
    assert shown == [
        (request_id, 0, "0", "iris"), (request_id, 1, "1", "iris"), ("another-pod-1", 0, '"setosa"', None),
    ]  # fmt: skip


def test_the_page_of_a_model_says_how_to_read_the_log(make_client, tmp_path):
    client = make_client(prediction_log=tmp_path / "log")
    assert "python -m model log PLACE --model iris" in client.get("/model").body.decode()
    assert "python -m model log PLACE --model iris" in client.get("/batch").body.decode()
    client.service.close()
    assert "python -m model log" not in make_client().get("/model").body.decode()

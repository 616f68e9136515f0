"""The prediction log of the service: every answered row is written, or dropped and counted; no answer waits for it."""

import io
import json
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from api.application import build
from api.settings import Settings, SettingsError
from api.telemetry.logs import Log
from api.telemetry.prediction_log import AT_ONCE, QUEUED
from model.bundle.files import DEFAULT_ROOT, read
from model.prediction_log.layout import KEY
from model.runtime.load import load
from model.segments import strictest
from tests.helpers.logged import records, ship, stored
from tests.helpers.server import Client, fetch, model, running, stderr_until_exit
from tests.helpers.waiting import until

ROW = [5.1, 3.5, 1.4, 0.2]
NAMES = list(read(DEFAULT_ROOT, "iris").manifest.signature.names)
CHURN = next(row for row in read(DEFAULT_ROOT, "churn").manifest.golden.rows if None not in row)
TENSOR = {"name": "x", "shape": [1, 4], "datatype": "FP64", "data": ROW}
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


def counted(client):
    """Return how many rows were written, and how many dropped."""
    log = client.service.metrics.prediction_log
    return log.rows, sum(log.dropped.values())


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_row_is_logged_by_name_whatever_protocol_it_came_in(kind, make_client, tmp_path):
    client = make_client(prediction_log=tmp_path / "log")
    path, body, headers = REQUESTS[kind]
    answer = client.post(path, body, headers)
    assert answer.status == 200, answer.body
    client.service.close()
    (found,) = ship(tmp_path / "log", tmp_path / "store")
    assert [found[name] for name in NAMES] == ROW
    assert (found["prediction"], found["request_id"], found["row"]) == (0, answer.headers["x-request-id"], 0)
    assert 0 < found["latency_seconds"] < 60
    assert datetime.now(UTC) - found["time"] < timedelta(minutes=2)
    (file,) = (tmp_path / "store" / "predictions").rglob("*.parquet")
    assert file.parts[-4:-2] == ("model=iris", f"version={model('iris').version}")


def test_types_probabilities_and_the_trace_are_logged(make_client, tmp_path):
    client = make_client("churn", prediction_log=tmp_path / "log")
    trace = "0123456789abcdef0123456789abcdef"
    client.post("/score?proba=1", {"X": [list(CHURN)] * 2}, {"traceparent": f"00-{trace}-0123456789abcdef-01"})
    client.service.close()
    first, second = ship(tmp_path / "log", tmp_path / "store")
    features = [first[name] for name in model("churn").signature.names]
    assert features == list(CHURN)
    assert {type(each) for each in features} == {float, str}
    assert sum(first["probabilities"]) == pytest.approx(1)
    assert (first["row"], second["row"], second["trace_id"]) == (0, 1, trace)


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


def test_a_full_volume_drops_counts_and_says_so(make_client, tmp_path, monkeypatch):
    # All is one batch, which the end writes: after a large one is dropped, a small one would still fit.
    monkeypatch.setattr("api.telemetry.prediction_log._POLL_SECONDS", 3600)
    said = io.StringIO()
    client = make_client(stream=said, prediction_log=tmp_path / "log", prediction_log_bytes=8000)
    for _ in range(300):
        assert client.post("/score", {"X": ROW}).status == 200
    client.service.close()
    written, dropped = counted(client)
    assert written + dropped == 300
    assert dropped > 0
    assert sum(path.stat().st_size for path in (tmp_path / "log").iterdir()) <= 8000
    assert [json.loads(line)["event"] for line in said.getvalue().splitlines()] == ["prediction_log_drops"]
    assert len(ship(tmp_path / "log", tmp_path / "store")) == written


def test_a_writer_that_hangs_costs_rows_and_no_answer(make_client, tmp_path):
    client = make_client(prediction_log=tmp_path / "log")
    log = client.service.metrics.prediction_log
    with log._writer._lock:
        for _ in range(AT_ONCE + QUEUED + 500):
            assert client.post("/score", {"X": ROW}).status == 200
    client.service.close()
    written, dropped = counted(client)
    assert written + dropped == AT_ONCE + QUEUED + 500
    assert log.dropped["queue"] > 0
    assert len(ship(tmp_path / "log", tmp_path / "store")) == written


def test_a_disk_that_fails_leaves_whole_records(make_client, tmp_path, monkeypatch):
    client = make_client(prediction_log=tmp_path / "log")
    client.post("/score", {"X": ROW})
    until(lambda: counted(client) == (1, 0), "the row is written")

    real = os.write

    def half(descriptor, content):
        if not bytes(content).startswith(b'["scored"'):
            raise OSError(28, "No space left on device")
        return real(descriptor, content[: len(content) // 2])

    monkeypatch.setattr("api.telemetry.segment_writer.os.write", half)
    client.post("/score", {"X": ROW})
    until(lambda: counted(client) == (1, 1), "the row is dropped")
    monkeypatch.undo()
    client.post("/score", {"X": ROW})
    client.service.close()
    assert counted(client) == (2, 1)
    assert len(ship(tmp_path / "log", tmp_path / "store")) == 2


def test_a_share_of_the_requests_is_logged(make_client, tmp_path):
    client = make_client(prediction_log=tmp_path / "log", prediction_log_sample=0.25)
    for _ in range(100):
        client.post("/score", {"X": ROW})
    client.service.close()
    assert counted(client) == (25, 0)


def ruled(log):
    """Return churn as a bundle whose manifest has these rules."""
    bundle = read(DEFAULT_ROOT, "churn")
    manifest = msgspec.structs.replace(bundle.manifest, log=log).stamped()
    return load(replace(bundle, manifest=manifest))


RECORD = dict(zip(model("churn").signature.names, CHURN, strict=True))
SHAPES = {
    "a row": {"X": list(CHURN)},
    "rows": {"X": [list(CHURN)] * 2},
    "a record": {"X": RECORD},
    "records": {"X": [RECORD, dict(reversed(RECORD.items()))]},
    "columns in another order": {"dataframe_split": {"columns": [*RECORD][::-1], "data": [CHURN[::-1]]}},
    "columns": {"inputs": {name: [cell] * 2 for name, cell in RECORD.items()}},
    "a large request": {"X": [list(CHURN)] * 1500},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_bundle_drops_is_not_even_written_to_the_volume(shape, tmp_path):
    names = model("churn").signature.names
    settings = Settings(prediction_log=tmp_path / "log", prediction_log_fields=((names[0], "hash"), (names[4], "keep")))
    application, service = build(settings, [ruled({names[4]: "drop", "*": "keep"})], Log("error"))
    client, sent = Client(application, service), SHAPES[shape]
    path = "/score" if "X" in sent else "/invocations"
    assert client.post(path, sent).status == 200
    service.close()
    (segment,) = (tmp_path / "log").iterdir()
    lines = segment.read_bytes().splitlines()[1:]
    assert lines
    assert not any(CHURN[4].encode() in line for line in lines)
    found = ship(tmp_path / "log", tmp_path / "store")
    assert len(found) == client.service.metrics.prediction_log.rows
    for row in found:
        assert names[4] not in row
        assert [row[name] for name in names if name not in (names[0], names[4])] == [*CHURN[1:4], *CHURN[5:]]


@pytest.mark.parametrize(
    "rules", [({"*": "hash"}, {"*": "drop"}), ({"*": "drop"}, {}), ({"age": "drop"}, {"*": "hash"})]
)
def test_of_two_rules_the_stricter_one_holds(rules):
    assert strictest(["age"], *rules) == strictest(["age"], *rules[::-1]) == {"age": "drop"}
    assert strictest(["age"], {"age": "keep"}, {}) == {}


def test_personal_data_does_not_leave_the_pod(make_client, tmp_path):
    names = model("churn").signature.names
    fields = ((names[0], "hash"), (names[3], "drop"), ("*", "keep"))
    client = make_client("churn", prediction_log=tmp_path / "log", prediction_log_fields=fields)
    client.post("/score", {"X": [list(CHURN), list(CHURN)]})
    client.service.close()
    first, second = ship(tmp_path / "log", tmp_path / "store")
    assert names[3] not in first
    assert first[names[0]] == second[names[0]] != str(CHURN[0])
    assert len(first[names[0]]) == 32
    assert first[names[1]] == CHURN[1]


@pytest.mark.parametrize("what", ["hash", "drop"])
def test_the_log_does_not_describe_what_it_hides(what, make_client, tmp_path):
    features = {each.name: each for each in model("churn").signature.features}
    fields = tuple((name, what) for name in ("contract", "monthly_charges"))
    client = make_client("churn", prediction_log=tmp_path / "log", prediction_log_fields=fields)
    client.post("/score", {"X": list(CHURN)})
    client.service.close()
    (segment,) = (tmp_path / "log").iterdir()
    header = segment.read_bytes().splitlines()[0]
    ship(tmp_path / "log", tmp_path / "store")
    (file,) = (tmp_path / "store" / "predictions").rglob("*.parquet")
    for text in (header, pq.read_schema(file).metadata[KEY]):
        assert json.dumps(features["monthly_charges"].typical).encode() not in text
        assert not any(each.encode() in text for each in features["contract"].categories)
        assert all(each.encode() in text for each in features["internet"].categories)


def test_equal_values_have_one_hash_whatever_they_came_as(make_client, tmp_path):
    client = make_client(prediction_log=tmp_path / "log", prediction_log_fields=((NAMES[0], "hash"),))
    client.post("/score", {"X": [5, 3, 1, 0.5]})
    client.post("/score", {"X": [[5.0, 3, 1, 0.5]]})
    client.post("/score", {"X": [[5, 3, 1, 0.5]] * 300})
    client.post("/v2/models/iris/infer", {"inputs": [TENSOR | {"data": [5, 3, 1, 0.5]}]})
    client.service.close()
    found = ship(tmp_path / "log", tmp_path / "store")
    assert len(found) == 303
    assert len({each[NAMES[0]] for each in found}) == 1


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"prediction_log_fields": (("sepal_lenght", "drop"),)}, "names 'sepal_lenght', which is a feature of none"),
        ({"prediction_log": "/proc/log"}, "PREDICTION_LOG '/proc/log': cannot be written to"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings, wanted, tmp_path):
    given = {"model": ("iris",), "prediction_log": tmp_path} | settings
    given["prediction_log"] = Path(given["prediction_log"])
    with pytest.raises(SettingsError, match=wanted):
        build(Settings(**given), [model("iris")])


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


def test_metrics_say_what_was_written_and_what_waits(make_client, tmp_path):
    client = make_client(prediction_log=tmp_path / "log", public_metrics=True)
    for _ in range(3):
        client.post("/score", {"X": ROW})

    def shown():
        lines = (line.rpartition(" ") for line in client.get("/metrics").body.decode().splitlines())
        return {name: float(value) for name, _, value in lines if name.startswith("prediction_log")}

    until(lambda: shown()["prediction_log_rows_total"] == 3, "the rows are counted")
    found = shown()
    assert found["prediction_log_bytes_total"] > 100
    assert 0 < found["prediction_log_lag_seconds"] < 60
    assert found['prediction_log_dropped_total{reason="volume"}'] == 0
    client.service.close()


def test_the_page_of_a_model_says_how_to_read_the_log(make_client, tmp_path):
    client = make_client(prediction_log=tmp_path / "log")
    assert "python -m model log PLACE --model iris" in client.get("/model").body.decode()
    assert "python -m model log PLACE --model iris" in client.get("/batch").body.decode()
    client.service.close()
    assert "python -m model log" not in make_client().get("/model").body.decode()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_what_a_server_has_written_outlives_it(how, tmp_path):
    settings = {"prediction_log": tmp_path / "log", "drain_idle_seconds": 0, "public_metrics": 1}
    with running(**settings) as server:
        for _ in range(20):
            assert fetch(f"{server.url}/score", b'{"X": [5.1, 3.5, 1.4, 0.2]}').status == 200
        if how == signal.SIGKILL:
            until(lambda: b"prediction_log_rows_total 20.0" in fetch(f"{server.url}/metrics").body, "all are written")
        server.send_signal(how)
        stderr_until_exit(server)
    assert len(ship(tmp_path / "log", tmp_path / "store")) == 20

"""What the prediction log cannot write is dropped and counted; no answer waits for it, and what is written stays."""

import io
import json
import os
import signal

import pytest

from api.telemetry.prediction_log import AT_ONCE, QUEUED
from tests.helpers.logged import ROW, counted, ship
from tests.helpers.server import fetch, running, stderr_until_exit
from tests.helpers.waiting import until


def test_a_full_volume_drops_counts_and_says_so(make_client, tmp_path, monkeypatch):
    # All is one batch, which the end writes: after a large one is dropped, a small one would still fit.
    monkeypatch.setattr("api.telemetry.prediction_log._POLL_SECONDS", 3600)
    logged = io.StringIO()
    client = make_client(stream=logged, prediction_log=tmp_path / "log", prediction_log_bytes=8000)
    for _ in range(300):
        assert client.post("/score", {"X": ROW}).status == 200
    client.service.close()
    written, dropped = counted(client)
    assert written + dropped == 300
    assert dropped > 0
    assert sum(path.stat().st_size for path in (tmp_path / "log").iterdir()) <= 8000
    assert [json.loads(line)["event"] for line in logged.getvalue().splitlines()] == ["prediction_log_drops"]
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

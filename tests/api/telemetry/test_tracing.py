"""What a collector receives of a request, by a real server over a real connection; and that nobody else pays for it."""

import gzip
import json
import signal
import subprocess
import sys
from threading import Thread

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from model.runtime.base import BATCH_ROWS
from tests.api.telemetry.collector import collecting, facts
from tests.api.transport.test_server import spoil_copy
from tests.helpers.server import fetch, free_port, running, stderr_until_exit

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "vendor=x"}
ROW = b'{"X": [5.1, 3.5, 1.4, 0.2]}'


@pytest.fixture
def collector():
    with collecting() as found:
        yield found


def traced(collector, **settings):
    quick = {"otel_exporter_otlp_endpoint": collector.url, "otel_bsp_schedule_delay": 20, "drain_idle_seconds": 0.2}
    return running(**quick | settings)


def stopped(server):
    """End a server, and give the lines of its log."""
    server.send_signal(signal.SIGTERM)
    assert server.wait(60) == 0
    return [json.loads(line) for line in server.stderr.read().splitlines()]


def test_a_trace_says_what_was_asked_and_how_long_each_part_took(collector):
    with traced(collector, model="iris,churn", log_sample_rate=1) as server:
        answer = fetch(f"{server.url}/v1/models/iris:predict", b'{"instances": [[5.1, 3.5, 1.4, 0.2]]}', PARENT)
        (span,) = collector.servers(1)
        lines = stopped(server)
    assert span.name == "POST /v1/models/<name>:predict"
    assert (span.trace_id.hex(), span.parent_span_id.hex(), span.trace_state) == (TRACE, CALLER, "vendor=x")
    assert facts(span.attributes) == {
        "http.request.method": "POST", "http.route": "/v1/models/<name>:predict",
        "url.path": "/v1/models/iris:predict", "url.scheme": "http", "http.response.status_code": 200,
        "score_app.request_id": answer.headers["x-request-id"],
    }  # fmt: skip
    assert span.status.code == Status.STATUS_CODE_UNSET
    parse, predict, render = parts = collector.parts(span)
    assert [each.name for each in parts] == ["parse", "predict", "render"]
    assert {each.trace_id.hex() for each in parts} == {TRACE}
    asked = facts(predict.attributes)
    assert (asked.pop("model.name"), len(asked.pop("model.version")), asked) == ("iris", 12, {"model.rows": 1})
    times = [time for each in parts for time in (each.start_time_unix_nano, each.end_time_unix_nano)]
    times = [span.start_time_unix_nano, *times, span.end_time_unix_nano]
    assert times == sorted(times)
    assert parse.end_time_unix_nano == predict.start_time_unix_nano
    assert predict.end_time_unix_nano == render.start_time_unix_nano
    assert collector.resources[0]["service.name"] == "score-app"
    assert [line["trace_id"] for line in lines] == [TRACE]


def test_a_compressed_body_is_traced_alike(collector):
    with traced(collector) as server:
        body, headers = gzip.compress(ROW), PARENT | {"Content-Encoding": "gzip"}
        assert fetch(f"{server.url}/score", body, headers).json == {"score": [0]}
        (span,) = collector.servers(1)
    assert (span.name, span.parent_span_id.hex()) == ("POST /score", CALLER)
    assert [each.name for each in collector.parts(span)] == ["parse", "predict", "render"]


def test_all_that_a_model_is_asked_is_traced(collector):
    rows = json.dumps({"X": [[5.1, 3.5, 1.4, 0.2]] * 3}).encode()
    with traced(collector) as server:
        fetch(f"{server.url}/score?proba=1", rows)
        fetch(f"{server.url}/explain", ROW)
        asked, explained = collector.servers(2)
    spans = [(each.name, facts(each.attributes).get("model.rows")) for each in collector.parts(asked)]
    assert spans == [("parse", None), ("predict", 3), ("predict_proba", 3), ("render", None)]
    spans = [(each.name, facts(each.attributes).get("model.rows")) for each in collector.parts(explained)]
    assert spans == [("parse", None), ("predict", 1), ("predict_proba", 5), ("render", None)]


def test_a_model_that_is_asked_without_end_gives_few_spans(collector):
    with traced(collector) as server:
        fetch(f"{server.url}/score", json.dumps({"X": [[5.1, 3.5, 1.4, 0.2]] * 20 * BATCH_ROWS}).encode())
        (span,) = collector.servers(1)
    spans = [facts(each.attributes).get("model.rows", 0) for each in collector.parts(span)]
    assert spans == [0, *[BATCH_ROWS] * 7, 13 * BATCH_ROWS, 0]


def test_a_refusal_says_why_and_only_our_own_fault_is_an_error(collector):
    with traced(collector, model="iris", api_keys="a-good-key") as server:
        key = {"X-API-Key": "a-good-key"}
        fetch(f"{server.url}/score", ROW)
        fetch(f"{server.url}/score", b'{"X": [1, 2]}', key)
        fetch(f"{server.url}/score", b"not gzip", {**key, "Content-Encoding": "gzip"})
        fetch(f"{server.url}/v1/models/nope:predict", b'{"instances": []}', key)
        spans = collector.servers(4)
    found = [facts(span.attributes) for span in spans]
    refusals = [(each["http.response.status_code"], each["score_app.refused"]) for each in found]
    assert refusals == [(401, "unauthorized"), (400, "width"), (400, "malformed"), (404, "unknown_model")]
    assert {span.status.code for span in spans} == {Status.STATUS_CODE_UNSET}
    assert not any("error.type" in each for each in found)


def test_a_fault_of_ours_is_an_error(collector, bundles):
    spoil_copy(bundles)
    with traced(collector, bundles=bundles, model="purchase") as server:
        assert fetch(f"{server.url}/score", b'{"X":[[30,0,20],[30,0,20]]}').status == 503
        (span,) = collector.servers(1)
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert facts(span.attributes)["error.type"] == "not_ready"
    assert [each.name for each in collector.parts(span)] == ["parse", "predict", "render"]


def test_without_a_caller_s_trace_the_log_and_the_latency_name_our_own(collector):
    with traced(collector, log_sample_rate=1) as server:
        fetch(f"{server.url}/score", ROW)
        (span,) = collector.servers(1)
        metrics = fetch(f"{server.admin}/metrics", headers={"Accept": "application/openmetrics-text"}).body.decode()
        (line,) = stopped(server)
    assert span.parent_span_id == b""
    assert line["trace_id"] == span.trace_id.hex()
    assert f'# {{trace_id="{span.trace_id.hex()}"}}' in metrics


@pytest.mark.parametrize("invalid", ["nonsense", f"ff-{TRACE}-{CALLER}-01"])
def test_a_caller_who_is_not_sampled_gives_no_span_but_is_named_still(invalid, collector):
    with traced(collector, log_sample_rate=1) as server:
        fetch(f"{server.url}/score", ROW, {"traceparent": f"00-{TRACE}-{CALLER}-00"})
        fetch(f"{server.url}/score", ROW, {"traceparent": invalid})
        (span,) = collector.servers(1)
        lines = stopped(server)
    assert len(collector.spans) == 4
    assert [line["trace_id"] for line in lines] == [TRACE, span.trace_id.hex()]


def test_only_scoring_is_traced(collector):
    with traced(collector) as server:
        for path in ("/livez", "/readyz", "/", "/model", "/v2/models/iris", "/nothing"):
            fetch(server.url + path)
        fetch(f"{server.url}/score", ROW)
        collector.servers(1)
        stopped(server)
    assert {span.name for span in collector.spans} == {"POST /score", "parse", "predict", "render"}


def test_the_sdk_s_own_settings_count(collector):
    with traced(collector, otel_traces_sampler="parentbased_always_off", otel_service_name="other") as server:
        fetch(f"{server.url}/score", ROW)
        fetch(f"{server.url}/score", ROW, PARENT)
        (span,) = collector.servers(1)
        assert stopped(server) == []
    assert (span.trace_id.hex(), collector.resources[0]["service.name"]) == (TRACE, "other")


def test_a_misspelt_sampler_is_reported_in_our_own_log(collector):
    with traced(collector, otel_traces_sampler="allways") as server:
        assert json.loads(server.first_line)["message"] == "Couldn't recognize sampler allways."


def test_settings_that_the_sdk_cannot_use_are_one_sentence(collector):
    with traced(collector, otel_bsp_max_queue_size=1) as server:
        assert server.wait(60) == 2
        written = stderr_until_exit(server)
    assert written.startswith("error: one of the variables OTEL_*: max_export_batch_size must be less")
    assert written.count("\n") == 1


def test_what_is_left_is_sent_at_the_end(collector):
    with traced(collector, otel_bsp_schedule_delay=600_000) as server:
        fetch(f"{server.url}/score", ROW)
        assert collector.spans == []
        stopped(server)
    assert len(collector.spans) == 4


def test_a_collector_that_is_away_is_reported_once_and_so_is_its_return():
    port = free_port()
    waits = {"otel_exporter_otlp_timeout": 4, "otel_bsp_schedule_delay": 20, "drain_idle_seconds": 0.2}
    with running(otel_exporter_otlp_endpoint=f"http://127.0.0.1:{port}", **waits) as server:
        assert "Connection refused" in ask_while(server, lambda line: line["event"] == "span_export_failed")["reason"]
        for _ in range(3):
            assert fetch(f"{server.url}/score", ROW, {**PARENT, "tracestate": "="}).status == 200
        with collecting(port) as collector:
            assert ask_while(server, lambda line: line["event"] == "span_export_recovered")["dropped"] > 0
            assert collector.servers(1)
            assert stopped(server) == []


def ask_while(server, wanted):
    """Ask until the log has a line, and require that it is the next one there is."""
    found = []
    reading = Thread(target=lambda: found.append(json.loads(server.stderr.readline())))
    reading.start()
    while reading.is_alive():
        assert fetch(f"{server.url}/score", ROW).json == {"score": [0]}
        reading.join(0.05)
    assert wanted(found[0]), found
    return found[0]


def test_a_collector_that_does_not_answer_holds_up_nothing(collector):
    collector.open.clear()
    small = {"otel_bsp_max_queue_size": 8, "otel_bsp_max_export_batch_size": 4, "otel_exporter_otlp_timeout": 600}
    with traced(collector, **small) as server:
        for _ in range(50):
            assert fetch(f"{server.url}/score", ROW).json == {"score": [0]}
        lines = stopped(server)
    assert [line["message"] for line in lines] == ["Queue full, dropping Span."]


def test_untraced_nothing_of_it_is_loaded():
    program = """if True:
        import sys
        from api.application import build
        from api.settings import Settings
        from model.check import load_verified
        application, service = build(Settings(), [load_verified(Settings().bundles, "iris")])
        service.close()
        print([name for name in sys.modules if name.split(".")[0] in ("opentelemetry", "requests", "google")])
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

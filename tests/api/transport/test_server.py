"""The real server: starts, says what it serves, answers, drains, and ends."""

import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread

import pytest

from api.__main__ import main
from api.transport.signal_event import SignalEvent
from model.bundle.files import DEFAULT_ROOT, read, write
from tests.helpers.server import KUBELET, fetch, free_port, running, stderr_until_exit
from tests.helpers.waiting import until


def test_it_says_in_one_line_what_it_serves():
    with running(model="iris,churn") as server:
        assert re.fullmatch(
            r"score-app: iris \w{12} \(onnx\), churn \w{12} \(onnx\) on http://127\.0\.0\.1:\d+, admin on \d+, "
            r"256 threads, [\d,]+ MiB for requests, ready in \d+\.\d\d s\n", server.first_line
        )  # fmt: skip
        assert fetch(f"{server.url}/score", b'{"X": [5.1, 3.5, 1.4, 0.2]}').body == b'{"score":[0]}'
        assert fetch(f"{server.url}/readyz").json["status"] == "ready"


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(stop):
    with running(drain_idle_seconds=0.2, max_queue_seconds=0) as server:
        assert fetch(f"{server.url}/livez").status == 200
        server.send_signal(stop)
        assert server.wait(60) == 0
        assert server.stderr.read() == ""


def stopped(**settings):
    with running(**settings) as server:
        assert server.wait(20) == 2
        return stderr_until_exit(server)


def test_what_keeps_it_from_starting_is_one_sentence(bundles):
    assert stopped(threads="many") == "error: THREADS 'many': must be a whole number from 2 to 1024\n"
    assert "there is no bundle 'nope'" in stopped(model="nope")
    (bundles / "iris" / "model.onnx").write_bytes(b"tampered")
    assert "is not the file that was packed" in stopped(bundles=bundles)


BROKEN_START = """
import sys
from api.limits import slow_connections
slow_connections.limit_buffers = lambda port: 1 / 0
from api.__main__ import main
sys.argv = ["api"]
main()
"""


def test_a_failure_while_it_begins_to_listen_ends_the_process():
    ports = {"PORT": str(free_port()), "ADMIN_PORT": str(free_port()), "HOST": "127.0.0.1"}
    command = [sys.executable, "-c", BROKEN_START]
    done = subprocess.run(command, env=os.environ | ports, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


def test_a_signal_s_event_is_set_whatever_lock_is_held():
    event = SignalEvent()
    with event._cond:
        event.set()
    assert event.wait(0)


def test_an_admin_port_that_is_taken_during_the_start_is_reported(monkeypatch, capsys):
    monkeypatch.setattr("api.transport.addresses.require_free", lambda *_: None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for name, value in {"HOST": "127.0.0.1", "PORT": str(free_port()), "ADMIN_PORT": port, "MODEL": "iris"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["api"])
        with pytest.raises(SystemExit) as stop:
            main()
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith(f"error: ADMIN_PORT {port} is taken on 127.0.0.1: ")


def test_a_taken_port_is_reported():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"PORT {port} is taken" in stopped(port=port)
        assert f"ADMIN_PORT {port} is taken" in stopped(admin_port=port)


def test_metrics_count_what_was_asked_in_bounded_series():
    with running(model="wine") as server:
        row = [7.4, 0.7, 0.0, 1.9, 0.076, 11, 34, 0.9978, 3.51, 0.56, 9.4]
        for _ in range(3):
            fetch(f"{server.url}/predict", json.dumps({"data": [row, row]}).encode())
        fetch(f"{server.url}/predict", b'{"data":"bad data"}')
        for number in range(20):
            fetch(f"{server.url}/scan/{number}")
        found = fetch(f"{server.admin}/metrics").body.decode()
        assert (
            'request_count_total{http_status="200",method="POST",prometheus_app="score-app",route="/predict"} 3.0'
            in found
        )
        assert 'route="unmatched"} 20.0' in found
        assert "/scan" not in found
        assert 'request_latency_seconds_count{prometheus_app="score-app",route="/predict"} 4.0' in found
        assert 'requests_rejected_total{reason="shape",route="/predict"} 1.0' in found
        assert re.search(r'build_info\{model="wine",runtime="onnx",version="\w{12}"\} 1\.0', found)
        assert fetch(f"{server.url}/metrics").status == 404
        assert b"# EOF" in fetch(f"{server.admin}/metrics", headers={"Accept": "application/openmetrics-text"}).body


def test_a_drain_sends_clients_away_and_ends_when_it_is_quiet():
    with running(drain_idle_seconds=0.3, drain_timeout_seconds=5) as server:
        kept = HTTPConnection(server.url.removeprefix("http://"))
        kept.request("GET", "/livez")
        found = kept.getresponse()
        assert (found.read(), found.getheader("Connection")) == (b'{"status":"ok"}', None)
        answers = []
        draining = Thread(target=lambda: answers.append(fetch(f"{server.admin}/drain", headers=KUBELET).body))
        draining.start()
        draining.join(10)
        assert answers == [b"idle\n"]
        kept.request("POST", "/score", b'{"X": [5.1, 3.5, 1.4, 0.2]}')
        found = kept.getresponse()
        assert (found.read(), found.getheader("Connection")) == (b'{"score":[0]}', "close")
        kept.close()


def test_it_leaves_when_nobody_comes_any_more_or_at_a_second_signal():
    with running(drain_idle_seconds=60, drain_timeout_seconds=60) as server:
        kept = HTTPConnection(server.url.removeprefix("http://"))

        def closes_connection():
            kept.request("POST", "/score", b'{"X": [5.1, 3.5, 1.4, 0.2]}')
            found = kept.getresponse()
            assert found.read() == b'{"score":[0]}'
            return found.getheader("Connection") == "close"

        assert not closes_connection()
        server.send_signal(signal.SIGTERM)
        until(closes_connection, "callers are sent to another server", 20)
        # It still takes who comes anew.
        assert closes_connection()
        kept.close()
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0


def test_a_signal_that_another_thread_takes_counts_too():
    with running() as server:
        (thread, *_) = (
            int(each.name) for each in Path(f"/proc/{server.pid}/task").iterdir() if int(each.name) != server.pid
        )
        assert ctypes.CDLL(None).tgkill(server.pid, thread, signal.SIGTERM) == 0
        assert server.wait(20) == 0


def test_without_training_libraries_it_serves_too():
    program = """if True:
        import sys
        sys.modules["sklearn"] = sys.modules["pandas"] = sys.modules["joblib"] = None
        from api.application import build
        from api.settings import Settings
        from model.check import load_verified
        build(Settings(), [load_verified(Settings().bundles, "iris")])
        print("built")
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "built\n"


def spoil_copy(bundles):
    """Put another model's compiled copy into a bundle whose digests are right: only its answers can tell."""
    manifest = read(bundles, "purchase").manifest
    files = {file: (bundles / "purchase" / file).read_bytes() for file in manifest.files}
    files["model.onnx"] = (bundles / "iris" / "model.onnx").read_bytes()
    write(bundles, manifest, files, replace=True)


def test_a_copy_that_answers_wrongly_is_found_when_it_is_first_needed(tmp_path):
    shutil.copytree(DEFAULT_ROOT, tmp_path / "bundles")
    spoil_copy(tmp_path / "bundles")
    with running(bundles=tmp_path / "bundles", model="purchase") as server:
        assert json.loads(fetch(f"{server.url}/score", b'{"X":[30,0,20]}').body) == {"score": [1]}
        assert fetch(f"{server.url}/readyz").status == 200
        answer = fetch(f"{server.url}/score", b'{"X":[[30,0,20],[30,0,20]]}')
        assert (answer.status, answer.json["error"]["code"]) == (503, "not_ready")
        for path in ("/readyz", "/v2/health/ready", "/v2/models/purchase/ready", "/v1/models/purchase"):
            assert fetch(server.url + path).status == 503
        assert fetch(f"{server.url}/livez").status == 200

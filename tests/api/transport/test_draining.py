"""A drain is for the kubelet's hook and for the pod itself, and one that nothing follows is taken back."""

import io
import json
from threading import Event
from time import monotonic, sleep
from types import SimpleNamespace

import pytest
import yaml

from api.pipeline.service import ServerState
from api.settings import Settings
from api.telemetry.logs import Log
from api.transport import draining
from api.transport.admin_server import start_admin_server
from api.transport.draining import Draining
from tests.helpers.manifests import ROOT
from tests.helpers.server import KUBELET, connect, fetch, heard, running
from tests.helpers.waiting import until

QUICK = {"drain_idle_seconds": 0.1, "drain_timeout_seconds": 0.3}


@pytest.fixture(scope="module")
def server():
    with running(log_level="error", **QUICK) as process:
        yield process


def ask(server, line, agent="curl/8"):
    with connect(server.admin) as connection:
        connection.sendall(f"{line} HTTP/1.1\r\nHost: x\r\nUser-Agent: {agent}\r\n\r\n".encode())
        return int(heard(connection).split()[1])


@pytest.mark.parametrize(
    ("line", "agent", "status"),
    [
        ("GET /drain", KUBELET["User-Agent"], 200),
        ("GET /drain?now", KUBELET["User-Agent"], 200),
        ("POST /drain", "curl/8", 200),
        ("GET /drain", "curl/8", 403),
        ("GET /drain", "kube-probe/1.32", 403),
        ("GET /drain", "Prometheus/3 kube-lifecycle/1.32", 403),
        ("GET //drain", KUBELET["User-Agent"], 404),
        ("GET http://x/drain", KUBELET["User-Agent"], 404),
        ("GET /%64rain", KUBELET["User-Agent"], 404),
        ("GET /drain/", KUBELET["User-Agent"], 404),
        ("POST /metrics", "curl/8", 405),
        ("PUT /drain", KUBELET["User-Agent"], 501),
        ("GET /livez", "kube-probe/1.32", 200),
    ],
)
def test_who_may_drain(line, agent, status, server):
    assert ask(server, line, agent) == status


def test_only_the_pod_itself_may_post():
    handled = []
    service = SimpleNamespace(settings=Settings(host="127.0.0.1", admin_port=0), log=Log("error"), metrics=None)
    server = start_admin_server(service, SimpleNamespace(on_request=lambda _: handled.append(1) or "idle"))
    handler = object.__new__(server.RequestHandlerClass)
    handler.requestline, handler.headers, handler.server = "POST /drain HTTP/1.1", {}, server
    handler.connection, sent = None, []
    handler.send = lambda status, *_: sent.append(status)
    for address in ("10.42.0.1", "fe80::1", "127.0.0.1", "::1"):
        handler.client_address = (address, 1)
        handler.do_POST()
    server.shutdown()
    server.server_close()
    assert sent == [403, 403, 200, 200]
    assert len(handled) == 2


def test_the_component_s_hook_is_the_one_that_may_drain():
    hook = yaml.safe_load((ROOT / "components" / "drain" / "drain.yaml").read_text())
    (container,) = hook["spec"]["template"]["spec"]["containers"]
    # The kubelet sends GET, with the User-Agent kube-lifecycle/VERSION unless httpHeaders say otherwise.
    assert container["lifecycle"]["preStop"]["httpGet"] == {"path": "/drain", "port": "admin"}


@pytest.fixture
def drains(monkeypatch):
    """Give the state of a server, its drains, and the log; a drain is taken back two seconds after its timeout."""
    monkeypatch.setattr(draining, "RECOVERY_SECONDS", 2.0)
    state, log = ServerState(), io.StringIO()
    return state, Draining(state, Settings(**QUICK), Log("info", log).write), log


def events(log):
    return [json.loads(line)["event"] for line in log.getvalue().splitlines()]


def test_a_drain_that_nothing_follows_is_taken_back(drains):
    state, drain, log = drains
    assert drain.on_request(Event()) == "idle"
    assert state.draining
    until(lambda: not state.draining, "the drain is taken back", 10)
    until(lambda: events(log) == ["drain_started", "drain_taken_back"], "both are logged", 10)
    # Another one begins anew.
    drain.on_request(Event())
    assert state.draining
    until(lambda: events(log)[2:] == ["drain_started", "drain_taken_back"], "it is taken back too", 10)


def test_a_drain_that_the_end_follows_stays(drains):
    state, drain, log = drains
    drain.on_request(Event())
    drain.end(Event())
    sleep(2.7)
    assert state.draining
    assert events(log) == ["drain_started"]


def test_the_last_of_several_drains_counts(drains):
    state, drain, log = drains
    start = monotonic()
    for _ in range(4):
        drain.on_request(Event())
        sleep(0.3)
    assert state.draining
    until(lambda: not state.draining, "the drain is taken back", 10)
    assert monotonic() - start > 3.1
    assert events(log).count("drain_started") == 1


def test_a_drained_server_answers_and_sends_clients_elsewhere(server):
    assert ask(server, "POST /drain") == 200
    answer = fetch(f"{server.url}/score", b'{"X":[5.1,3.5,1.4,0.2]}')
    assert (answer.body, answer.headers["connection"]) == (b'{"score":[0]}', "close")

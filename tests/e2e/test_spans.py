"""With the component `tracing`, beside `network-policy`, spans leave a pod for the collector, and nothing else does."""

import json

import pytest

from tests.helpers.cluster import PULL, ROOT, address, ask, kubectl, ready, rolled, run, small
from tests.helpers.waiting import until

SPACE = "mlops-spans"
# The image has OpenTelemetry's messages, so that it can play the collector too.
PROGRAM = """
import sys
sys.path.insert(0, "/code")
from collector import Collector, facts
found, other = Collector(4318, "0.0.0.0"), Collector(4319, "0.0.0.0")
while True:
    with found.changed:
        found.changed.wait()
        print([span.name for span in found.spans], found.resources[-1], flush=True)
"""
ELSEWHERE = "import socket; socket.create_connection(('otel-collector.monitoring.svc', 4319), timeout=2)"


def collector(digest):
    labels = {"app": "otel-collector"}
    pod = {
        "containers": [{
            "name": "collector", "image": f"{PULL}@{digest}", "command": ["python", "-c", PROGRAM],
            "readinessProbe": {"tcpSocket": {"port": 4318}, "periodSeconds": 1},
            "volumeMounts": [{"name": "code", "mountPath": "/code"}],
        }],
        "volumes": [{"name": "code", "configMap": {"name": "otel-collector"}}],
    }  # fmt: skip
    meta = {"name": "otel-collector", "namespace": "monitoring", "labels": labels}
    code = (ROOT / "tests" / "api" / "telemetry" / "collector.py").read_text()
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "monitoring"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"collector.py": code}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": pod},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            "spec": {"selector": labels, "ports": [{"name": "otlp", "port": 4318}, {"name": "other", "port": 4319}]},
        },
    ]


@pytest.fixture(scope="module")
def traced(tree, digest, tmp_path_factory):
    """Run a collector where the component expects it, and one pod that is traced."""
    for each in collector(digest):
        kubectl("apply", "-f", "-", input=json.dumps(each))
    kubectl("wait", "pod/otel-collector", "-n", "monitoring", "--for=condition=Ready", "--timeout=90s")
    overlay = small(tree, tmp_path_factory.mktemp("spans") / "repository", "spans", "network-policy", "tracing")
    kubectl("apply", "-k", overlay)
    rolled(SPACE)
    yield address(SPACE)
    kubectl("delete", "namespace", SPACE, "monitoring", timeout=180)


def test_spans_reach_the_collector(traced):
    def collector_log():
        assert ask(f"{traced}/score", {"X": [5.1, 3.5, 1.4, 0.2]}) == {"score": [0]}
        return kubectl("logs", "otel-collector", "-n", "monitoring")

    log = until(lambda: "POST /score" in (log := collector_log()) and log, "a span has come")
    assert "'service.name': 'score-app'" in log
    assert "'predict'" in log


def test_and_no_other_way_is_open(traced):
    done = run("kubectl", "exec", "-n", SPACE, ready(SPACE)[0], "--", "python", "-c", ELSEWHERE, check=False)
    assert "TimeoutError" in done.stderr

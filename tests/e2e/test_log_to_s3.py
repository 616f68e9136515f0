"""The prediction log on a cluster: S3 is taken away and given back, shippers are killed and pods replaced under load.

It takes the server away from all, so no other test may use it meanwhile.
"""

import json
import os
import re
import shutil
import sys
from functools import partial
from time import sleep

import pytest
import yaml

from gitops.rules.kustomization import ORDER
from model.prediction_log.errors import LogError
from model.prediction_log.read import LoggedRows
from tests.helpers.cluster import (
    IMAGE,
    PULL,
    ROOT,
    address,
    ask,
    asking,
    built,
    get,
    kubectl,
    pods,
    ready,
    rolled,
    run,
    small,
)  # fmt: skip
from tests.helpers.s3 import BUCKET, INSIDE, STORAGE
from tests.helpers.waiting import until

SPACE = "mlops-predictions"
PLACE = f"s3://{BUCKET}/e2e-{os.getpid()}"
RATE, CALLERS = 100, 8
AWAY_SECONDS = 15
# Process 1 of the container starts it again.
KILL = """
import os
for each in filter(str.isdigit, os.listdir("/proc")):
    if int(each) not in (1, os.getpid()):
        os.kill(int(each), 9)
"""


def overlay_of(tree, place, digest):
    """Return an environment of two pods with the component, as docs/prediction-log.md says."""
    overlay = small(tree, place, "predictions", "prediction-log")
    page = overlay / "kustomization.yaml"
    found = yaml.safe_load(page.read_text())
    found["images"].append({"name": "score-app-log", "newName": f"{PULL}-log", "newTag": "0.1.0", "digest": digest})
    found["replicas"] = [{"name": "score-app", "count": 2}]
    found["configMapGenerator"][0]["literals"].append("PREDICTION_LOG_SECONDS=1")
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "score-app-prediction-log"}}
    found["patches"] = [{"patch": json.dumps(config | {"data": {"PREDICTION_LOG_STORE": PLACE}})}]
    found["resources"].append("s3.yaml")
    page.write_text(yaml.safe_dump({key: found[key] for key in ORDER if key in found}, sort_keys=False))
    # This server is not on the port of HTTPS, to which alone the component lets the shipper out.
    out = {"podSelector": {"matchLabels": {"app": "score-app"}}, "policyTypes": ["Egress"]}
    out["egress"] = [{"ports": [{"port": 8333, "protocol": "TCP"}]}]
    meta = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "s3"}}
    (overlay / "s3.yaml").write_text(yaml.safe_dump(meta | {"spec": out}))
    return overlay


@pytest.fixture(scope="module")
def logged(tree, s3_keys, tmp_path_factory):
    """Run two pods whose log goes to the S3 server, and give their address."""
    digest = built(f"{IMAGE}-log", "TARGET=log")
    overlay = overlay_of(tree, tmp_path_factory.mktemp("predictions") / "repository", digest)
    kubectl("create", "namespace", SPACE)
    inside = s3_keys | {"AWS_ENDPOINT_URL": INSIDE}
    literals = [f"--from-literal={name}={value}" for name, value in inside.items()]
    kubectl("create", "secret", "generic", "score-app-prediction-log", "-n", SPACE, *literals)
    kubectl("apply", "-k", overlay)
    rolled(SPACE, 240)
    url = address(SPACE)
    until(partial(ask, f"{url}/score", {"X": [5.1, 3.5, 1.4, 0.2]}), "a first answer")
    yield url
    kubectl("delete", "namespace", SPACE, timeout=240)
    shutil.rmtree(overlay.parents[1], ignore_errors=True)


def running():
    """Return the names of the pods that are there to stay."""
    return sorted(each["metadata"]["name"] for each in pods(SPACE))


def metric(pod, name):
    """Return the sum of a metric's samples in one pod."""
    shown = kubectl("get", "--raw", f"/api/v1/namespaces/{SPACE}/pods/{pod}:9000/proxy/metrics")
    return sum(float(each) for each in re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", shown, re.MULTILINE))


def total(name):
    """Return the sum of a metric's samples in all pods."""
    return sum(metric(each, name) for each in running())


def restarts(pod):
    """Return how often the shipper's container was started again."""
    (found,) = get("pod", pod, "-n", SPACE)["status"]["initContainerStatuses"]
    return found["restartCount"]


def shipper_log(pod):
    return kubectl("logs", "-n", SPACE, pod, "-c", "prediction-log", check=False)


def shipped(pod):
    return metric(pod, "prediction_log_lag_seconds") == 0


def select_s3(**more):
    """Let the Service of the S3 server look for pods with these labels too."""
    selector = json.dumps({"spec": {"selector": {"app": "s3", **more}}})
    kubectl("patch", "service", "s3", "-n", STORAGE, "--type=merge", "-p", selector)


def rows_in_s3():
    """Return how many rows the log has, and how many of them are there once."""
    try:
        tables = [table for _, _, table in LoggedRows(PLACE, "iris").tables({})]
    except LogError as error:
        print(f"not yet: {error}")
        return 0, 0
    ids = [each for table in tables for each in table.column("request_id").to_pylist()]
    return len(ids), len(set(ids))


def test_every_answered_row_is_in_s3_once(logged):
    # The first answer, once or more.
    until(lambda: total("prediction_log_rows_total") > 0, "the first row is logged")
    earlier = total("prediction_log_rows_total")
    dropped = 0
    with asking(logged, RATE, CALLERS) as callers:
        until(lambda: rows_in_s3()[0] > 200, "rows come to S3", 120)
        select_s3(away="yes")
        try:
            # Killed in the middle, they open new connections, which lead nowhere now.
            for pod in running():
                kubectl("exec", "-n", SPACE, pod, "-c", "prediction-log", "--", "python", "-c", KILL)
                until(lambda pod=pod: "prediction_log_shipper_restarts" in shipper_log(pod), f"{pod} ships again")
                assert pod in ready(SPACE)
            for pod in running():
                until(lambda pod=pod: "prediction_log_not_shipped" in shipper_log(pod), f"{pod} finds no S3", 180)
            sleep(AWAY_SECONDS)
            assert {pod: restarts(pod) for pod in running()} == dict.fromkeys(running(), 0)
            waiting = {pod: metric(pod, "prediction_log_lag_seconds") for pod in running()}
        finally:
            select_s3(away=None)
        assert min(waiting.values()) > AWAY_SECONDS / 2, waiting
        for pod in running():
            until(lambda pod=pod: "prediction_log_ships_again" in shipper_log(pod), f"{pod} finds S3 again", 180)
        for pod in running():
            dropped += metric(pod, "prediction_log_dropped_total")
            kubectl("delete", "pod", pod, "-n", SPACE, timeout=120)
            rolled(SPACE, 180)
        outcome = callers.stop()
    for pod in running():
        until(partial(shipped, pod), f"everything of {pod} is shipped", 120)
        dropped += metric(pod, "prediction_log_dropped_total")
    answered = outcome["requests"] - outcome["lost"]
    rows, once = rows_in_s3()
    print(f"{answered} answered, {outcome['lost']} lost, {rows} rows in S3, {dropped:.0f} dropped")
    assert outcome["lost"] == 0, json.dumps(outcome["why"])
    assert rows == once, "a row is there twice"
    assert rows + dropped == answered + earlier


def test_the_log_can_be_read_from_here(logged, tmp_path):
    command = [sys.executable, "-m", "model", "log", PLACE, "--model", "iris", "--html", tmp_path / "iris.html"]
    assert run(*command, "--bundles", ROOT / "model" / "bundles").stdout.startswith("wrote ")
    assert (tmp_path / "iris.html").read_text().count("<svg") > 5

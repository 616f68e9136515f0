"""From an empty cluster to answers, and everything that happens to pods afterwards."""

import json
import re
import subprocess
import sys
import tempfile

import pytest

from tests.helpers.cluster import EXEC, address, ask, curl, get, kubectl, pods, ready, rolled, run
from tests.helpers.waiting import until

pytestmark = pytest.mark.alone
FLOWER = [5.1, 3.5, 1.4, 0.2]
NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
DEV = "mlops-dev"
POD = {
    "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root"},
    "spec": {"containers": [{"name": "a", "image": "a", "securityContext": {"runAsUser": 0}}]},
}  # fmt: skip


def test_the_tutorials_requests_are_answered_on_both_ports(dev):
    assert curl(f"{dev}/score", "-d", json.dumps({"X": FLOWER})).stdout == '{"score":[0]}'
    eighty = dev.replace(":5000", ":80")
    assert ask(f"{eighty}/predict", {"input": [FLOWER]}) == {"prediction": [0]}
    assert ask(f"{eighty}/v1/models/iris:predict", {"instances": [FLOWER]}) == {"predictions": [0]}
    tensor = {"name": "X", "shape": [1, 4], "datatype": "FP64", "data": FLOWER}
    assert ask(f"{eighty}/v2/models/iris/infer", {"inputs": [tensor]})["outputs"][0]["data"] == [0]
    query = "&".join(f"{name}={value}" for name, value in zip(NAMES, FLOWER, strict=True))
    assert json.loads(curl(f"{eighty}/predict?{query}").stdout)["prediction"] == [0]
    assert json.loads(curl(f"{eighty}/healthcheck").stdout) == {"status": "ok"}
    assert "request_count_total{" in curl(f"{eighty}/metrics").stdout
    assert ask(f"{eighty}/explain", {"X": FLOWER})["explanations"][0]["effects"]
    for page, shown in (("", "<form"), ("model", "Model card"), ("batch", "<form"), ("apidocs/", "openapi.json")):
        assert shown in curl(f"{eighty}/{page}", "-H", "Accept: text/html").stdout
    assert curl(dev.replace(":5000", ":9000") + "/metrics", check=False).returncode


def test_each_environment_s_pods_are_hardened(dev):
    refused = run("kubectl", "apply", "-n", DEV, "-f", "-", input=json.dumps(POD), check=False)
    assert "violates PodSecurity" in refused.stderr
    wrote = "open('/app/x', 'w')"
    name = ready(DEV)[0]
    done = run("kubectl", "exec", "-n", DEV, name, "--", "python", "-c", wrote, check=False)
    assert "Read-only file system" in done.stderr
    who = kubectl("exec", "-n", DEV, name, "--", "python", "-c", "import os; print(os.getuid())")
    assert who.strip() == "65532"


def test_idle_memory_is_far_below_the_request(dev):
    def used():
        lines = kubectl("top", "pods", "-n", DEV, "--no-headers").splitlines()
        return [int(re.search(r"(\d+)Mi", line).group(1)) for line in lines]

    found = until(used, "metrics-server has measured the pods", 120)
    print(f"pods use {found} MiB")
    assert max(found) < 128


@pytest.mark.parametrize("count", [3, 5, 10])
def test_it_scales_by_hand(count, dev):
    kubectl("scale", "deployment/score-app", "-n", DEV, f"--replicas={count}")
    until(lambda: len(ready(DEV)) == count, f"{count} pods are ready", 180)


def test_a_config_change_rolls_the_pods(dev, tree):
    page = tree / "overlays" / "dev" / "kustomization.yaml"
    before = set(ready(DEV))
    page.write_text(page.read_text().replace("- PUBLIC_METRICS=1", "- PUBLIC_METRICS=1\n      - MODEL=echo"))
    kubectl("apply", "-k", tree)
    rolled(DEV)
    assert not before & set(ready(DEV))
    assert curl(f"{dev}/score", "-d", '{"X": [1, 2]}').stdout == '{"score":[1,2]}'
    page.write_text(page.read_text().replace("\n      - MODEL=echo", ""))
    kubectl("apply", "-k", tree)
    rolled(DEV)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (["set", "image", "deployment/score-app", f"score-app=ghcr.io/score-app/score-app@sha256:{'1' * 64}"],
         "ErrImagePull|ImagePullBackOff"),
        (["set", "env", "deployment/score-app", "MODEL=nothing"], "CrashLoopBackOff|Error"),
    ],
    ids=["a bad image", "a bundle that is not there"],
)  # fmt: skip
def test_what_cannot_run_never_replaces_what_runs(change, reason, dev, tree):
    good = ready(DEV)
    kubectl(*change, "-n", DEV)

    def fails():
        states = [s.get("state", {}) for p in pods(DEV) for s in p["status"].get("containerStatuses", [])]
        return re.search(reason, json.dumps(states))

    until(fails, f"a new pod fails: {reason}")
    assert set(good) <= set(ready(DEV))
    assert ask(f"{dev}/score", {"X": FLOWER}) == {"score": [0]}
    kubectl("rollout", "undo", "deployment/score-app", "-n", DEV)
    rolled(DEV)


def test_a_deleted_pod_is_replaced(dev):
    name = ready(DEV)[0]
    count = get("deployment", "score-app", "-n", DEV)["spec"]["replicas"]
    kubectl("delete", "pod", name, "-n", DEV, "--wait=false")
    until(lambda: len(ready(DEV)) == count and name not in ready(DEV), "another pod has taken its place")


def test_a_container_that_ends_starts_again(dev):
    name = ready(DEV)[0]
    before = restarts(name)
    kubectl("exec", "-n", DEV, name, "--", "python", "-c", "import os, signal; os.kill(1, signal.SIGTERM)", check=False)
    until(lambda: restarts(name) > before, "the container starts again")
    until(lambda: ask(f"{dev}/score", {"X": FLOWER}) == {"score": [0]}, "it answers")
    until(lambda: name in ready(DEV), "the pod is ready again")


def restarts(name):
    found = get("pod", name, "-n", DEV)["status"]["containerStatuses"]
    return sum(each["restartCount"] for each in found)


def test_deploy_shows_asks_and_says_how_to_ask(dev, tree):
    done = run(sys.executable, "-m", "gitops", "deploy", "dev", "--root", tree, check=False)
    assert done.returncode == 0, done.stderr
    assert "score-app: all pods are ready" in done.stdout
    assert f"curl {dev}/openapi.json" in done.stdout


@pytest.fixture(scope="module")
def others(tree):
    """Apply staging and prod beside dev; here prod's autoscaler forgets in seconds what takes it minutes elsewhere."""
    kubectl("scale", "deployment/score-app", "-n", DEV, "--replicas=1", check=False)
    scaler = tree / "components" / "autoscaling" / "autoscaler.yaml"
    text = scaler.read_text().replace("stabilizationWindowSeconds: 300", "stabilizationWindowSeconds: 15")
    scaler.write_text(text.replace("periodSeconds: 60", "periodSeconds: 15"))
    for environment in ("staging", "prod"):
        kubectl("apply", "-k", tree / "overlays" / environment)
    for environment in ("staging", "prod"):
        rolled(f"mlops-{environment}", 240)
    yield {each: address(f"mlops-{each}") for each in ("staging", "prod")}
    for environment in ("staging", "prod"):
        kubectl("delete", "-k", tree / "overlays" / environment, timeout=240)


def test_environments_run_side_by_side(dev, others):
    for url in (dev, *others.values()):
        assert ask(f"{url}/score", {"X": FLOWER}) == {"score": [0]}
    assert curl(f"{others['prod']}/metrics", "-o", "/dev/null", "-w", "%{http_code}").stdout == "404"


def test_evictions_honour_the_budget(others):
    def evict(name):
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "mlops-staging"}}
        path = f"/api/v1/namespaces/mlops-staging/pods/{name}/eviction"
        return run("kubectl", "create", "--raw", path, "-f", "-", input=json.dumps(body), check=False)

    first, second, *_ = ready("mlops-staging")
    assert evict(first).returncode == 0
    refused = evict(second)
    assert "disruption budget" in refused.stderr
    until(lambda: len(ready("mlops-staging")) == 3 and first not in ready("mlops-staging"), "three pods again")
    assert ask(f"{others['staging']}/score", {"X": FLOWER}) == {"score": [0]}


def test_the_autoscaler_follows_real_load(others):
    def replicas():
        return get("deployment", "score-app", "-n", "mlops-prod")["spec"]["replicas"]

    scaler = ("hpa", "score-app", "-n", "mlops-prod")
    until(lambda: get(*scaler)["status"].get("currentMetrics"), "the autoscaler measures", 150)
    assert replicas() == 3
    load = run_load(f"{others['prod']}/score")
    try:
        until(lambda: replicas() > 3, "more than three pods under load", 180)
    finally:
        load.terminate()
        load.wait()
    until(lambda: replicas() == 3, "three pods again without load", 240)


def run_load(url):
    with tempfile.NamedTemporaryFile("w", suffix=".lua", delete=False) as script:
        script.write("wrk.method='POST'; wrk.body='{\"X\":[5.1,3.5,1.4,0.2]}'")
    return subprocess.Popen([*EXEC, "wrk", "-t1", "-c8", "-d180s", "-s", script.name, url], stdout=subprocess.DEVNULL)

"""Whatever happens to pods, their callers lose nothing; what Kubernetes cannot save is counted.

TIMES is how often each disturbance is done: once unless it says more (make reliability). What became of the requests is
left in build/reliability/cluster.json.
"""

import json
import os
import re
import signal
import subprocess
import sys
from functools import partial

import pytest

from tests.helpers.cluster import EXEC, ROOT, address, asking, get, kubectl, pods, ready, record, rolled, run
from tests.helpers.waiting import until

pytestmark = pytest.mark.alone
PROD = "mlops-prod"
TIMES = int(os.environ.get("TIMES", "1"))
CALLERS = 16
# The server is found by its command, and made the one that the kernel picks when eight others have filled the pod.
FIND = """import os
def says(pid):
    try:
        return open(f"/proc/{pid}/cmdline").read()
    except OSError:
        return ""
server = next(pid for pid in os.listdir("/proc") if pid.isdigit() and "-m\\0api\\0" in says(pid))
"""
KILL = FIND + "os.kill(int(server), 9)"
EXHAUST = f"""{FIND}
import time
open(f"/proc/{{server}}/oom_score_adj", "w").write("1000")
eight = [os.fork() for _ in range(3)]
kept = b"x" * (30 << 20)
time.sleep(10)
"""


@pytest.fixture(scope="module")
def prod(tree):
    kubectl("apply", "-k", tree / "overlays" / "prod")
    rolled(PROD, 240)
    # What takes minutes elsewhere is taken away at once here, and how many there are is for the tests to say.
    down = {"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 10, "periodSeconds": 15}]}
    patch("hpa", {"minReplicas": 3, "maxReplicas": 3, "behavior": {"scaleDown": down}})
    yield address(PROD)
    kubectl("delete", "-k", tree / "overlays" / "prod", timeout=240)


@pytest.fixture(scope="module")
def mix(prod):
    """Ask in Locust's mix all the time, too."""
    command = ["-m", "locust", "-f", "loadtest/locustfile.py", "--headless", "--only-summary", "-u", "10", "-r", "10"]
    process = subprocess.Popen(
        [*EXEC, sys.executable, *command, "--host", prod], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        cwd=ROOT, env=os.environ | {"P99": "10000", "FAILURES": "0.001"}, start_new_session=True,
    )  # fmt: skip
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def patch(kind, spec):
    kubectl("patch", kind, "score-app", "-n", PROD, "--type=merge", "-p", json.dumps({"spec": spec}))


def restart(_):
    kubectl("rollout", "restart", "deployment/score-app", "-n", PROD)
    rolled(PROD, 240)


def another_setting(tree):
    page = tree / "overlays" / "prod" / "kustomization.yaml"
    page.write_text(page.read_text().replace("- LOG_LEVEL=warning", "- LOG_LEVEL=error"))
    kubectl("apply", "-k", page.parent)
    rolled(PROD, 240)
    page.write_text(page.read_text().replace("- LOG_LEVEL=error", "- LOG_LEVEL=warning"))


def delete(_):
    kubectl("delete", "pod", ready(PROD)[0], "-n", PROD)
    until(lambda: len(ready(PROD)) >= 3, "another pod has taken its place")


def evict(_):
    for name in ready(PROD):
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": PROD}}
        path = f"/api/v1/namespaces/{PROD}/pods/{name}/eviction"
        command = partial(run, "kubectl", "create", "--raw", path, "-f", "-", input=json.dumps(body), check=False)
        until(lambda command=command: command().returncode == 0, f"the budget lets {name} go")
    until(lambda: len(ready(PROD)) >= 3, "the pods are replaced")


def scale(_):
    for count in (5, 3):
        patch("hpa", {"minReplicas": count, "maxReplicas": count})
        until(lambda count=count: len(ready(PROD)) == len(pods(PROD)) == count, f"{count} pods", 120)


def settled():
    """Tell whether all that goes has gone."""
    return all("deletionTimestamp" not in pod["metadata"] for pod in get("pods", "-n", PROD)["items"])


def disturbed(name, url, disturb, times):
    """Disturb so many times while others ask, and return what became of their requests."""
    with asking(url, rate=200, callers=CALLERS) as callers:
        for _ in range(times):
            disturb()
        until(settled, "what goes has gone", 120)
        summary = callers.stop()
    record(name, times, summary)
    return summary


SCENARIOS = [
    ("rollout restart", restart), ("a changed setting", another_setting), ("a pod deleted", delete),
    ("every pod evicted", evict), ("scaled up and down", scale),
]  # fmt: skip


@pytest.mark.parametrize(("name", "disturb"), SCENARIOS, ids=lambda given: given if isinstance(given, str) else "")
def test_nothing_is_lost(name, disturb, prod, mix, tree):
    summary = disturbed(name, prod, lambda: disturb(tree), 1 if disturb is another_setting else TIMES)
    # Seen twice in eight runs, and not explained: one new connection was sent to the address of a pod that was gone,
    # seconds after any other. No pod can help that, and more than one is a fault of ours.
    assert summary["unreachable"] <= 1, summary["why"]
    assert summary["lost"] == summary["unreachable"], summary["why"]


def test_locust_has_seen_none_of_it(mix):
    os.killpg(mix.pid, signal.SIGTERM)
    output, _ = mix.communicate(timeout=60)
    assert mix.returncode == 0, output[-3000:]
    # As above: a new connection to the address of a pod that is gone, which no pod can help.
    errors = re.findall(r"^(\d+) +((?:GET|POST) .*)$", output.partition("Error report")[2], re.MULTILINE)
    assert all("No route to host" in what for _, what in errors), output[-3000:]
    assert sum(int(number) for number, _ in errors) <= len(SCENARIOS), output[-3000:]


@pytest.fixture(scope="module")
def together(prod):
    """Let the processes of a pod see each other, so that one can end the server as nobody warns of."""
    patch("deployment", {"template": {"spec": {"shareProcessNamespace": True}}})
    rolled(PROD, 240)
    until(settled, "the others have gone", 120)


@pytest.mark.parametrize(("name", "program"), [("kill -9", KILL), ("out of memory", EXHAUST)])
def test_what_nobody_warns_of_costs_what_was_in_flight(name, program, prod, together):
    # A pod of its own each time: one that dies again and again is started ever later.
    victims = iter(ready(PROD))

    def once():
        victim = next(victims)
        before = restarts(victim)
        run("kubectl", "exec", "-n", PROD, victim, "--", "python", "-c", program, check=False)
        until(lambda: restarts(victim) > before, "the container has started again")
        until(lambda: victim in ready(PROD), "the pod is ready again")

    times = min(TIMES, 3)
    summary = disturbed(name, prod, once, times)
    assert summary["broken"] <= CALLERS * times
    # Until the kubelet has seen it the dead pod is called on, and says so at once: nothing was sent, ask again.
    assert summary["lost"] == summary["broken"] + summary["refused"]


def restarts(name):
    found = get("pod", name, "-n", PROD)["status"]["containerStatuses"]
    return sum(each["restartCount"] for each in found)

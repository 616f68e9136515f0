"""Locust in the cluster asks the environment that it is in, and what came of it can be seen on its page."""

import re
import subprocess

import pytest
import yaml

from tests.helpers.cluster import IMAGE, PULL, built, kubectl, pods
from tests.helpers.server import fetch
from tests.helpers.waiting import until

pytestmark = pytest.mark.alone
DEV = "mlops-dev"
SETTINGS = {"STEADY": "50", "TIME": "15s", "P99": "60000"}


@pytest.fixture(scope="module")
def page(dev, tree):
    """Name the component on dev's page, beside the policy that denies what nobody allowed, and open a way to it."""
    overlay = tree / "overlays" / "dev" / "kustomization.yaml"
    before = overlay.read_text()
    found = yaml.safe_load(before)
    image = {"name": "score-app-load", "newName": f"{PULL}-load", "newTag": "0.1.0"}
    image["digest"] = built(f"{IMAGE}-load", "TARGET=load")
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "locust"}, "data": SETTINGS}
    found["components"] += ["../../components/load-test", "../../components/network-policy"]
    found["images"].append(image)
    found["patches"] = [{"patch": yaml.safe_dump(settings)}]
    overlay.write_text(yaml.safe_dump(found))
    try:
        kubectl("apply", "-k", tree)
    finally:
        overlay.write_text(before)
    kubectl("rollout", "status", "deployment/locust-master", "-n", DEV, "--timeout=120s")
    command = ["kubectl", "port-forward", "-n", DEV, "svc/locust-master-service", ":8089"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as forward:
        yield "http://127.0.0.1:" + re.search(r":(\d+) ->", forward.stdout.readline())[1]
        forward.terminate()


def asked():
    """Return how many predictions each of the service's pods has counted; nobody but Locust asks for any."""
    names = [each["metadata"]["name"] for each in pods(DEV) if each["metadata"]["labels"]["app"] == "score-app"]
    metrics = [kubectl("get", "--raw", f"/api/v1/namespaces/{DEV}/pods/{name}:9000/proxy/metrics") for name in names]
    return [
        sum(map(float, re.findall(r'^request_count_total{.*"/predict"} (.*)', each, re.MULTILINE))) for each in metrics
    ]


def statistics(page):
    return fetch(f"{page}/stats/requests").json


def all_of(page):
    return next(each for each in statistics(page)["stats"] if each["name"] == "Aggregated")


def test_two_workers_ask_every_pod_and_nothing_fails(page):
    until(lambda: statistics(page)["worker_count"] == 2, "two workers")
    until(lambda: all_of(page)["num_requests"] > 300, "requests flow")
    assert all_of(page)["num_failures"] == 0, statistics(page)["errors"]
    until(lambda: len(found := asked()) == 2 and min(found) > 10, "each of the two pods is asked")


def test_the_master_judges_when_the_time_is_over(page):
    verdict = until(
        lambda: re.search("^(good|error): .*", kubectl("logs", "-n", DEV, "deployment/locust-master"), re.MULTILINE),
        "a verdict",
    )
    assert re.match(r"good: \d{3,} requests", verdict[0]), statistics(page)["errors"]
    assert statistics(page)["state"] == "stopped"
    report = fetch(f"{page}/stats/report")
    assert (report.status, b"/predict" in report.body) == (200, True)

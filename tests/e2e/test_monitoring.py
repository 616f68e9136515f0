"""Prometheus in the cluster's network finds the pods as the monitor says, and reports drift when there is some."""

import shutil
from dataclasses import replace

import pytest
from sklearn.datasets import load_iris

from gitops.environments import load
from monitoring.rules import groups
from tests.helpers.cluster import EXEC, ROOT, address, ask, curl, get, kubectl, rolled
from tests.helpers.prometheus import watching
from tests.helpers.waiting import unless, until

PLACE = "mlops-staging"
PORT = 15095
FLOWERS = load_iris().data.tolist()
SHIFTED = [[one, two + 1.5, three, four] for one, two, three, four in FLOWERS]


def targets():
    """Resolve the monitor as the operator does: its selector names Services, its port is one of theirs."""
    (monitor,) = get("servicemonitors.monitoring.coreos.com", "-n", PLACE)["items"]
    labels = ",".join(f"{key}={value}" for key, value in monitor["spec"]["selector"]["matchLabels"].items())
    (endpoint,) = monitor["spec"]["endpoints"]
    found = []
    for service in get("services", "-n", PLACE, "-l", labels)["items"]:
        name = service["metadata"]["name"]
        assert endpoint["port"] in [port["name"] for port in service["spec"]["ports"]]
        for page in get("endpointslices", "-n", PLACE, "-l", f"kubernetes.io/service-name={name}")["items"]:
            (port,) = [each["port"] for each in page["ports"] if each["name"] == endpoint["port"]]
            found += [
                {"targets": [f"{each['addresses'][0]}:{port}"],
                 "labels": {"namespace": PLACE, "service": name, "pod": each["targetRef"]["name"]}}
                for each in page["endpoints"]
            ]  # fmt: skip
    return found, endpoint["path"]


@pytest.fixture(scope="module")
def staging(tree):
    unless(shutil.which("prometheus"), "prometheus is not here")
    kubectl("apply", "-k", tree / "overlays" / "staging")
    rolled(PLACE)
    yield address(PLACE)
    kubectl("delete", "-k", tree / "overlays" / "staging", timeout=180)


@pytest.fixture(scope="module")
def prometheus(staging, tmp_path_factory):
    """Run Prometheus with staging's rules, but that drift is looked for in a minute and reported at once."""
    slo = load(ROOT).get("staging").slo
    quick = replace(slo, drift=replace(slo.drift, window="1m", lasting="0s", min_rows=300))
    found, path = targets()
    assert len(found) == 3
    job = {"job_name": "score-app", "metrics_path": path, "static_configs": found}
    place = tmp_path_factory.mktemp("prometheus")
    with watching(place, groups(quick), [job], "2s", EXEC, PORT, lambda url: curl(url).stdout) as server:
        yield server


def drifting(prometheus):
    query = 'ALERTS{alertname="ScoreAppDrift",alertstate="firing"}'
    return {each["metric"]["feature"] for each in prometheus.ask(query)}


def others(prometheus):
    known = {each["metric"]["alertname"] for each in prometheus.ask('ALERTS{alertstate="firing"}')}
    return known - {"ScoreAppDrift", "ScoreAppDriftBegins"}


def test_a_shift_is_reported_and_its_end_too(staging, prometheus):
    def asked(rows, condition, description):
        def once():
            ask(f"{staging}/score", {"X": rows}, "-H", "Connection: close")
            return condition()

        until(once, description, 180)

    enough = 'min(score_app:drift:rows{model="iris"}) > 300'
    asked(FLOWERS, lambda: prometheus.ask(enough), "there are enough rows")
    assert drifting(prometheus) == set()
    asked(SHIFTED, lambda: "sepal_width" in drifting(prometheus), "the shift is reported")
    assert drifting(prometheus) <= {"sepal_width", ""}
    asked(FLOWERS, lambda: not drifting(prometheus), "the shift is over")
    assert others(prometheus) == set()

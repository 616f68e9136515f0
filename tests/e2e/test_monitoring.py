"""Prometheus in the cluster's network finds the pods as the monitor says, and tells of drift when there is some."""

import json
import shutil
import subprocess
from dataclasses import replace

import pytest
import yaml
from sklearn.datasets import load_iris

from monitoring.rules import groups
from monitoring.slo import promises
from tests.conftest import unless
from tests.e2e.conftest import EXEC, address, ask, curl, get, kubectl, rolled, until

PLACE = "mlops-staging"
PORT = 19095
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
    """Run Prometheus with staging's rules, but that drift is looked for in a minute and told at once."""
    place = tmp_path_factory.mktemp("prometheus")
    promise = next(each for each in promises() if each.environment == "staging")
    quick = replace(promise, window="1m", lasting="0s", rows=300)
    (place / "rules.yaml").write_text(yaml.safe_dump({"groups": groups(quick)}))
    found, path = targets()
    assert len(found) == 3
    job = {"job_name": "score-app", "metrics_path": path, "scrape_interval": "2s", "static_configs": found}
    page = {"global": {"evaluation_interval": "2s"}, "rule_files": [f"{place}/rules.yaml"], "scrape_configs": [job]}
    (place / "prometheus.yaml").write_text(yaml.safe_dump(page))
    command = [f"--config.file={place}/prometheus.yaml", f"--storage.tsdb.path={place}/data", "--log.level=error"]
    process = subprocess.Popen([*EXEC, shutil.which("prometheus"), *command, f"--web.listen-address=127.0.0.1:{PORT}"])

    def query(text):
        said = curl(f"http://127.0.0.1:{PORT}/api/v1/query", "-G", "--data-urlencode", f"query={text}").stdout
        return json.loads(said)["data"]["result"]

    until(lambda: len(query("up == 1")) == 3, "three pods are scraped")
    yield query
    process.terminate()
    process.wait(30)


def drifting(query):
    return {each["metric"]["feature"] for each in query('ALERTS{alertname="ScoreAppDrift",alertstate="firing"}')}


def others(query):
    known = {each["metric"]["alertname"] for each in query('ALERTS{alertstate="firing"}')}
    return known - {"ScoreAppDrift", "ScoreAppDriftBegins"}


def test_a_shift_is_told_and_its_end_too(staging, prometheus):
    def asked(rows, condition, said):
        def once():
            ask(f"{staging}/score", {"X": rows}, "-H", "Connection: close")
            return condition()

        until(once, said, 180)

    enough = 'min(score_app:drift:rows{model="iris"}) > 300'
    asked(FLOWERS, lambda: prometheus(enough), "there is enough to tell")
    assert drifting(prometheus) == set()
    asked(SHIFTED, lambda: "sepal_width" in drifting(prometheus), "the shift is told")
    assert drifting(prometheus) <= {"sepal_width", ""}
    asked(FLOWERS, lambda: not drifting(prometheus), "the shift is over")
    assert others(prometheus) == set()

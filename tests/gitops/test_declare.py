"""env and component change everything that follows from a declaration, or nothing."""

import pytest
import yaml

from gitops.environments import load
from tests.gitops.fake_cluster import EmptyCluster, serving
from tests.helpers.repository import NEW
from tests.helpers.sample import SAMPLE, declared


@pytest.fixture
def whole(repository):
    return declared(repository)


@pytest.mark.slow
@pytest.mark.parametrize("place", range(3))
def test_an_environment_comes_anywhere_and_goes_without_a_trace(place, whole):
    names = load(whole.place).names
    whole.change("env", "add", "qa", "--after", names[place])
    assert whole.run("check").exit_code == 0
    assert load(whole.place).names == [*names[: place + 1], "qa", *names[place + 1 :]]
    whole.change("env", "rename", "qa", "lab")
    assert whole.run("check").exit_code == 0
    assert load(whole.place).get("lab").namespace == "mlops-lab"
    done = whole.change("env", "remove", "lab")
    assert "kubectl delete namespace mlops-lab" in done.output
    assert whole.git("status", "--porcelain") == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", load(SAMPLE).names)
def test_any_environment_may_go_or_have_another_name(name, whole):
    kept = [each for each in load(whole.place).names if each != name]
    # What is at the top of the tree is applied by `kubectl apply -k .`.
    (whole.place / "kustomization.yaml").write_text(f"resources:\n  - overlays/{name}\n")
    whole.commit("the top")
    whole.change("env", "rename", name, "lab")
    assert whole.run("check").exit_code == 0
    assert yaml.safe_load((whole.place / "kustomization.yaml").read_text())["resources"] == ["overlays/lab"]
    whole.change("env", "remove", "lab")
    assert whole.run("check").exit_code == 0
    assert load(whole.place).names == kept
    assert yaml.safe_load((whole.place / "kustomization.yaml").read_text())["resources"] == [f"overlays/{kept[0]}"]


def test_a_namespace_that_stays_is_not_to_be_deleted(whole):
    whole.change("env", "add", "qa", "--after", "dev", "--namespace", "people")
    done = whole.change("env", "rename", "qa", "lab")
    assert load(whole.place).get("lab").namespace == "people"
    assert "delete application score-app-qa" in done.output
    assert "delete namespace" not in done.output


def test_the_ledger_goes_with_its_environment(whole):
    whole.change("release", NEW)
    before = (whole.place / "promotions" / "dev.jsonl").read_bytes()
    whole.change("env", "rename", "dev", "lab")
    assert (whole.place / "promotions" / "lab.jsonl").read_bytes() == before
    assert not (whole.place / "promotions" / "dev.jsonl").exists()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("env", "add", "q_a", "--after", "dev"), "'q_a' is no name"),
        (("env", "add", "on", "--after", "dev"), "YAML reads it as another value"),
        (("env", "add", "dev", "--after", "dev"), "there is an environment 'dev' already"),
        (("env", "add", "qa", "--after", "no"), "there is no environment 'no'"),
        (("env", "add", "qa", "--after", "dev", "--like", "no"), "there is no environment 'no'"),
        (("env", "add", "qa", "--after", "dev", "--namespace", "mlops-dev"), "the namespace mlops-dev is used twice"),
        (("env", "rename", "dev", "prod"), "there is an environment 'prod' already"),
        (("env", "remove", "no"), "there is no environment 'no'"),
        (("component", "add", "no", "dev"), "there is no component 'no'; there are "),
        (("component", "add", "drain", "dev"), "dev has the component drain already"),
        (("component", "add", "load-test", "dev"), "it would break a rule: dev: "),
        (("component", "remove", "quota", "dev"), "dev has no component quota; it has drain"),
    ],
)
def test_what_cannot_be_changes_nothing(command, message, whole):
    done = whole.run(*command)
    assert (done.exit_code, message in done.output) == (2, True), done.output
    assert whole.git("status", "--porcelain") == ""


def test_the_last_environment_stays(whole):
    for name in load(whole.place).names[1:]:
        whole.change("env", "remove", name)
    done = whole.run("env", "remove", load(whole.place).names[0])
    assert (done.exit_code, "is the only environment" in done.output) == (2, True)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("environment", load(SAMPLE).names)
def test_a_component_comes_and_goes_and_the_page_is_as_it_was(environment, whole):
    has = yaml.safe_load(whole.overlay(environment).read_text())["components"]
    names = load(whole.place).names
    # Each component in one of the environments.
    for path in sorted((whole.place / "components").iterdir())[names.index(environment) :: len(names)]:
        ways = ("remove", "add") if f"../../components/{path.name}" in has else ("add", "remove")
        first = whole.run("component", ways[0], path.name, environment)
        if first.exit_code == 2:
            # What needs more than a line of its page is refused with the reason.
            assert "it would break a rule" in first.output
            continue
        assert whole.run("check").exit_code == 0, path.name
        if ways[0] == "add":
            assert f"{path.name}: Needs " in first.output
        whole.change("component", ways[1], path.name, environment)
        if path.name != "autoscaling":
            assert whole.git("status", "--porcelain") == "", path.name
        whole.git("checkout", "-q", ".")


def test_a_component_s_own_kinds_are_named(whole):
    assert "HTTPRoute (gateway.networking.k8s.io/v1)" in whole.run("component", "add", "gateway", "dev").output


def test_a_file_that_a_pod_reads_does_not_hinder_the_commands(whole):
    whole.change("component", "add", "api-key", "dev")
    assert whole.run("status").exit_code == 0


@pytest.fixture
def empty_cluster(tmp_path, monkeypatch):
    with serving(EmptyCluster()) as config:
        (tmp_path / "config").write_text(config)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        yield


def test_a_cluster_without_a_kind_is_refused_before_anything_is_applied(whole, empty_cluster):
    done = whole.run("deploy", "prod", "--yes")
    assert done.exit_code == 2
    assert "prod: the cluster does not know PrometheusRule (monitoring.coreos.com/v1), ServiceMonitor" in done.output
    assert "python -m gitops component remove monitoring prod" in done.output
    assert "nothing was applied" in done.output
    checked = whole.run("check", "--cluster")
    assert (checked.exit_code, "component remove monitoring staging" in checked.output) == (1, True)
    for name in ("staging", "prod"):
        whole.change("component", "remove", "monitoring", name)
    assert whole.run("check", "--cluster").exit_code == 0

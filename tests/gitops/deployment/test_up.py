"""`up`, `down` and `deploy` before anything is built or applied: each refusal is one sentence, and changes nothing.

The API server is a small imitation: what a cluster really does is tested in tests/e2e.
"""

import re
import shutil

import pytest
import yaml

from tests.gitops.fake_cluster import CONFIG, EmptyCluster, serving
from tests.helpers.manifests import ROOT

LABELS = {"app.kubernetes.io/name": "score-app", "app.kubernetes.io/part-of": "score-app", "env": "dev"}


@pytest.fixture
def api(repository, tmp_path, monkeypatch):
    shutil.copytree(ROOT / "model" / "bundles" / "iris", repository.place / "model" / "bundles" / "iris")
    repository.commit("a model")
    found = EmptyCluster()
    with serving(found) as config:
        (tmp_path / "config").write_text(config)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        monkeypatch.setenv("PLATFORM", "linux/amd64")
        monkeypatch.setenv("PATH", builder(tmp_path), prepend=":")
        yield found


def builder(place):
    """Leave a docker whose daemon is dead, and return its folder."""
    folder = place / "bin"
    folder.mkdir()
    (folder / "docker").write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    (folder / "docker").chmod(0o755)
    return str(folder)


def refused(repository, *args):
    before = repository.git("status", "--porcelain")
    done = repository.run(*args)
    assert done.exit_code == 2, done.output
    assert repository.git("status", "--porcelain") == before
    (error,) = (line for line in done.output.splitlines() if line.startswith("error: "))
    return error


def old(api):
    api.minor = "27+"


def another_s(api):
    api.labels = LABELS | {"app.kubernetes.io/part-of": "shop"}


def going(api):
    api.labels, api.phase = LABELS, "Terminating"


def without_rights(api):
    api.allowed = False


def arm(api):
    api.architecture = "arm64"


FAULTS = {
    old: "is Kubernetes 1.27: 1.30 or newer is needed",
    another_s: "the namespace mlops-dev exists and is not of this environment",
    going: "the namespace mlops-dev is being deleted",
    without_rights: "this account may not create namespaces in mlops-dev",
    arm: "the nodes are arm64, and the image would be amd64: give PLATFORM=linux/arm64",
}


@pytest.mark.parametrize("spoil", FAULTS, ids=lambda each: each.__name__)
def test_a_cluster_that_cannot_take_it_is_refused_before_the_build(spoil, repository, api):
    spoil(api)
    assert FAULTS[spoil] in refused(repository, "up", "dev")


@pytest.mark.parametrize("spoil", [old, another_s, going, without_rights], ids=lambda each: each.__name__)
def test_deploy_refuses_the_same(spoil, repository, api):
    spoil(api)
    assert FAULTS[spoil] in refused(repository, "deploy", "dev", "--yes")


def test_a_builder_whose_daemon_is_dead_is_named(repository, api):
    message = refused(repository, "up", "dev", "--builder", "docker")
    assert message == "error: BUILDER=docker cannot be used: it does not work: Cannot connect to the Docker daemon"


def test_a_cluster_of_an_unknown_kind_is_explained_in_two_sentences(repository, api):
    message = refused(repository, "up", "dev", "--builder", shutil.which("true"))
    assert re.search(r"give IMAGE=REGISTRY/NAME, .*\. Or give LOAD=COMMAND, .*\.$", message), message


@pytest.mark.parametrize("name", ["Score-App", "registry.example/Score-App", "score app", "score-app:1", ""])
def test_a_name_that_no_registry_takes_is_refused(name, repository, api):
    assert "no name of an image" in refused(repository, "up", "dev", "--image", name)


def test_a_kind_that_the_cluster_has_not_is_named_with_its_component(repository, api):
    message = refused(repository, "up", "staging", "--yes")
    assert "staging: the cluster does not know PrometheusRule (monitoring.coreos.com/v1)" in message
    assert "python -m gitops component remove monitoring staging" in message


@pytest.mark.parametrize("command", ["up", "down"])
def test_a_later_environment_is_changed_only_on_request(command, repository, api):
    assert "give --yes" in refused(repository, command, "prod")


@pytest.mark.parametrize("command", [("up",), ("down",), ("deploy", "dev")])
def test_a_context_that_looks_like_production_is_used_only_on_request(command, repository, api, tmp_path, monkeypatch):
    config = yaml.safe_load((tmp_path / "config").read_text())
    config["contexts"] += [{"name": "eu-prod-1", "context": {"cluster": "a", "user": "a"}}]
    (tmp_path / "config").write_text(yaml.safe_dump(config | {"current-context": "eu-prod-1"}))
    assert "choose one with --context NAME (a, eu-prod-1)" in refused(repository, *command)
    api.minor = "27"
    api.labels = LABELS | {"env": "other"}
    for name in ("a", "eu-prod-1"):
        assert "looks like production" not in refused(repository, *command, "--context", name)
    assert "there is no context 'b'" in refused(repository, *command, "--context", "b")


def test_without_a_cluster_a_way_to_one_is_shown(repository, api, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", "/dev/null")
    assert "no cluster is configured" in refused(repository, "up")


@pytest.mark.filterwarnings("ignore")
def test_an_api_server_that_is_gone_is_one_sentence(repository, api, tmp_path):
    (tmp_path / "config").write_text(CONFIG % "http://127.0.0.1:9")
    for command in (("up",), ("down",), ("deploy", "dev")):
        assert "the cluster does not answer" in refused(repository, *command)


def test_down_removes_neither_what_is_another_s_nor_what_another_s_pod_is_in(repository, api):
    another_s(api)
    assert "is not of this environment" in refused(repository, "down")
    api.labels = LABELS
    api.others = [{"metadata": {"name": "shop-1", "labels": {"app.kubernetes.io/part-of": "shop"}}}]
    assert "the pod shop-1 in mlops-dev is not of score-app" in refused(repository, "down")


def test_down_of_what_is_not_there_has_nothing_to_do(repository, api):
    done = repository.run("down")
    assert (done.exit_code, done.output) == (0, "nothing to do: there is no namespace mlops-dev\n")

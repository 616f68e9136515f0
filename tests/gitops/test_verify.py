"""`verify` against a small imitation of a cluster: what it checks, what it records, what it exits with."""

import json
import shutil

import pytest

from model.bundle.files import read
from tests.gitops.fake_cluster import FakeCluster, serving
from tests.helpers.manifests import ROOT
from tests.helpers.repository import NEW, NEWER

BUNDLES = ROOT / "model" / "bundles"
VERIFY = ("verify", "dev", "--timeout", "0")


@pytest.fixture
def cluster(repository, tmp_path, monkeypatch):
    """Return a cluster that runs what the repository declares for dev."""
    shutil.copytree(BUNDLES / "iris", repository.place / "model" / "bundles" / "iris")
    repository.commit("a model")
    repository.change("release", NEW)
    found = FakeCluster(NEW.partition("@")[2], read(BUNDLES, "iris").manifest)
    with serving(found) as config:
        (tmp_path / "config").write_text(config)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        yield found


def application(**changes):
    status = {
        "sync": {"status": "Synced", "revision": changes["revision"]}, "operationState": {"phase": "Succeeded"},
        "health": {"status": changes.get("health", "Healthy")},
    }  # fmt: skip
    return {"metadata": {"name": "score-app-dev"}, "spec": {"source": {"path": "overlays/dev"}}, "status": status}


def test_what_runs_as_declared_is_recorded_once(repository, cluster):
    done = repository.change(*VERIFY)
    assert done.output.splitlines()[:3] == [
        "the rollout is complete: ok",
        f"every ready pod runs {NEW[:25]}: ok",
        "golden rows are predicted correctly: ok",
    ]
    assert repository.git("log", "-1", "--format=%s") == "verify(score-app): dev"
    assert repository.run(*VERIFY, "--detailed-exitcode").exit_code == 0
    repository.change("promote", "dev", "staging")


def test_a_record_is_made_only_if_it_is_wanted(repository, cluster):
    head = repository.git("rev-parse", "HEAD")
    assert repository.run(*VERIFY, "--no-record", "--detailed-exitcode").exit_code == 0
    assert repository.git("rev-parse", "HEAD") == head


def another_image(cluster):
    cluster.digest = NEWER.partition("@")[2]


def a_pod_that_is_not_ready(cluster):
    cluster.available = 1


def a_wrong_prediction(cluster):
    cluster.predictions[3] = 99


def another_commit(cluster):
    cluster.applications = {"items": [application(revision="0" * 40)]}


PROBLEMS = {
    another_image: r"every ready pod runs .*: failed: score-app-1 runs .*sha256:2222",
    a_pod_that_is_not_ready: "the rollout is complete: failed: 2 pods are wanted: 1 available",
    a_wrong_prediction: "golden rows are predicted correctly: failed: iris predicts 99 for golden row 3, not ",
    another_commit: r"Argo CD has applied \w{12}: failed: score-app-dev is at 000000000000, not ",
}


@pytest.mark.parametrize("spoil", PROBLEMS, ids=lambda spoil: spoil.__name__)
def test_a_problem_exits_with_1_and_changes_nothing(spoil, repository, cluster, search):
    spoil(cluster)
    head = repository.git("rev-parse", "HEAD")
    done = repository.run(*VERIFY)
    assert done.exit_code == 1, done.output
    search(f"error: dev: {PROBLEMS[spoil]}", done.output)
    assert repository.git("rev-parse", "HEAD") == head


def test_the_diagnosis_has_the_log_of_a_pod_that_is_not_ready(repository, cluster):
    cluster.available = 1
    assert "  score-app-1: error: no such bundle\n" in repository.run(*VERIFY).output


def test_controllers_that_have_applied_the_commit_are_named(repository, cluster, search):
    commit = repository.git("rev-parse", "HEAD")
    ready = {"type": "Ready", "status": "True"}
    status = {"lastAppliedRevision": f"main@sha1:{commit}", "observedGeneration": 2, "conditions": [ready]}
    meta = {"name": "score-app-dev", "generation": 2}
    cluster.applications = {"items": [application(revision=commit)]}
    cluster.kustomizations = {"items": [{"metadata": meta, "spec": {"path": "./overlays/dev"}, "status": status}]}
    done = repository.run(*VERIFY, "--no-record")
    search(r"Argo CD has applied \w{12}: ok\nFlux has applied \w{12}: ok\n", done.output)
    status["observedGeneration"] = 1
    search(
        "Flux has applied .*failed: score-app-dev has not observed its newest generation",
        repository.run(*VERIFY).output,
    )


def test_a_failed_check_rolls_back_if_it_is_wanted(repository, cluster):
    repository.change(*VERIFY)
    repository.change("release", NEWER)
    done = repository.run(*VERIFY, "--auto-rollback", "--json")
    assert done.exit_code == 1
    document = json.loads(done.output)
    assert document["verified"] is False
    assert document["checks"][-1]["problem"].startswith("score-app-1 runs ")
    assert document["change"]["subject"] == "rollback(score-app): dev 1.1.0"
    assert NEW.partition("@")[2] in repository.overlay("dev").read_text()


def test_without_an_earlier_release_a_failed_check_stays_a_failed_check(repository, cluster):
    cluster.available = 1
    done = repository.run(*VERIFY, "--auto-rollback")
    assert done.exit_code == 1
    assert "error: no rollback: dev has no earlier verified release to roll back to\n" in done.output


def test_prometheus_needs_an_slo(repository, cluster):
    done = repository.run(*VERIFY, "--prometheus", "http://127.0.0.1:9")
    assert (done.exit_code, done.output) == (
        2, "error: dev has no slo in environments.yaml, so there are no limits for Prometheus\n"
    )  # fmt: skip

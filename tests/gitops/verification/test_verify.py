"""`verify` against a small imitation of a cluster: what it checks, what it records, what it exits with."""

import json
import shutil

import pytest

from gitops.verification import verify
from model.bundle.files import read
from tests.gitops.fake_cluster import NAMESPACE, FakeCluster, apply, reach, serving
from tests.helpers.manifests import ROOT
from tests.helpers.repository import NEW, NEWER

BUNDLES = ROOT / "model" / "bundles"
VERIFY = ("verify", "dev", "--timeout", "0")


@pytest.fixture
def cluster(repository, tmp_path, monkeypatch):
    """Return a cluster that runs what the repository declares for dev."""
    found = FakeCluster(NEW.partition("@")[2], read(BUNDLES, "iris").manifest)
    with serving(found) as config:
        (tmp_path / "config").write_text(config)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        shutil.copytree(BUNDLES / "iris", repository.place / "model" / "bundles" / "iris")
        reach(found, repository.place)
        repository.change("generate")
        repository.commit("a model")
        repository.change("release", NEW)
        apply(found, repository.place)
        yield found


def application(**changes):
    status = {
        "sync": {"status": "Synced", "revision": "main"}, "operationState": {"phase": "Succeeded"},
        "health": {"status": "Healthy"}, **changes,
    }  # fmt: skip
    return {"metadata": {"name": "score-app-dev"}, "spec": {"source": {"path": "rendered/dev"}}, "status": status}


def test_what_runs_as_declared_is_recorded_once(repository, cluster):
    done = repository.change(*VERIFY)
    assert done.output.splitlines()[:4] == [
        "the cluster has what rendered/dev says: ok",
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


def an_older_render(cluster):
    (config,) = (each for each in cluster.applied if each["kind"] == "ConfigMap")
    config["data"]["MAX_BODY_SIZE"] = "1m"
    cluster.applications = {"items": [application(conditions=[{"type": "ComparisonError", "message": "no route"}])]}


def a_missing_object(cluster):
    cluster.applied = [each for each in cluster.applied if each["kind"] != "ServiceAccount"]


def a_field_that_somebody_changed(cluster):
    (deployment,) = (each for each in cluster.applied if each["kind"] == "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = "8Mi"


def a_controller_that_is_not_done(cluster):
    cluster.applications = {"items": [application(health={"status": "Degraded"})]}


def a_controller_that_has_not_removed_anything_yet(cluster):
    cluster.applications = {"items": [application(sync={"status": "Synced", "revision": "main~1"})]}


PROBLEMS = {
    a_controller_that_has_not_removed_anything_yet: "Argo CD is in sync: failed: .* is at main~1, which has not",
    an_older_render: r"the cluster has what rendered/dev says: failed: ConfigMap/score-app-\w+: data.MAX_BODY_SIZE is "
    r"'1m', and git has '3m'; Argo CD says: no route",
    a_missing_object: "failed: ServiceAccount/score-app is not there",
    a_field_that_somebody_changed: r"failed: Deployment/score-app: .*limits.memory is '8Mi', and git has '256Mi'",
    a_controller_that_is_not_done: "Argo CD is in sync: failed: score-app-dev is Synced, .* its health Degraded",
    another_image: r"every ready pod runs .*: failed: score-app-1 runs .*sha256:2222",
    a_pod_that_is_not_ready: "the rollout is complete: failed: 2 pods are wanted: 1 available",
    a_wrong_prediction: "golden rows are predicted correctly: failed: iris predicts 99 for golden row 3, not ",
}


@pytest.mark.parametrize("spoil", PROBLEMS, ids=lambda spoil: spoil.__name__)
def test_a_problem_exits_with_1_and_changes_nothing(spoil, repository, cluster, search):
    spoil(cluster)
    head = repository.git("rev-parse", "HEAD")
    done = repository.run(*VERIFY)
    assert done.exit_code == 1, done.output
    search(f"error: dev: .*{PROBLEMS[spoil]}", done.output)
    assert repository.git("rev-parse", "HEAD") == head


def test_the_diagnosis_has_the_log_of_a_pod_that_is_not_ready(repository, cluster):
    cluster.available = 1
    assert "  score-app-1: error: no such bundle\n" in repository.run(*VERIFY).output


def test_what_the_server_adds_and_writes_in_another_way_is_the_same(repository, cluster):
    (deployment,) = (each for each in cluster.applied if each["kind"] == "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    pod["containers"][0]["resources"]["limits"]["memory"] = str(256 * 2**20)
    pod["containers"] += [{"name": "sidecar", "image": "a"}]
    pod["dnsPolicy"] = "ClusterFirst"
    deployment["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "x"}
    assert repository.run(*VERIFY, "--no-record").exit_code == 0


def test_controllers_that_are_in_sync_are_named_whatever_commit_they_know(repository, cluster, search):
    ready = {"type": "Ready", "status": "True"}
    head = repository.git("rev-parse", "HEAD")
    status = {"lastAppliedRevision": f"main@sha1:{head}", "observedGeneration": 2, "conditions": [ready]}
    meta = {"name": "score-app-dev", "generation": 2}
    cluster.applications = {"items": [application()]}
    cluster.kustomizations = {"items": [{"metadata": meta, "spec": {"path": "./rendered/dev"}, "status": status}]}
    # A later commit, which changes nothing that is rendered.
    repository.change("freeze", "prod", "--reason", "x")
    done = repository.run(*VERIFY, "--no-record")
    search(r"Argo CD is in sync: ok\nFlux is in sync: ok\n", done.output)
    status["observedGeneration"] = 1
    search(
        "Flux is in sync: failed: score-app-dev has not observed its newest generation", repository.run(*VERIFY).output
    )


def test_what_a_controller_reported_of_an_earlier_render_is_no_fault(repository, cluster):
    an_older_render(cluster)
    failed = {"phase": "Failed", "message": "an old fault", "syncResult": {"revision": "main~1"}}
    cluster.applications = {"items": [application(operationState=failed)]}
    assert "an old fault" not in repository.run(*VERIFY).output
    failed["syncResult"]["revision"] = "main"
    assert "Argo CD says: an old fault" in repository.run(*VERIFY).output


def test_what_syncs_the_same_folder_of_another_repository_is_nobody_s_business(repository, cluster):
    other = application(sync={"status": "OutOfSync"})
    other["spec"]["destination"] = {"namespace": "another-dev"}
    entries = [{"id": "another-dev_score-app__Service", "v": "v1"}]
    meta, status = {"name": "score-app-dev", "generation": 2}, {"inventory": {"entries": entries}}
    cluster.applications = {"items": [other]}
    cluster.kustomizations = {"items": [{"metadata": meta, "spec": {"path": "./rendered/dev"}, "status": status}]}
    done = repository.run(*VERIFY, "--no-record")
    assert (done.exit_code, "in sync" in done.output) == (0, False), done.output
    other["spec"]["destination"] = {"namespace": NAMESPACE}
    assert "Argo CD is in sync: failed" in repository.run(*VERIFY).output


def test_a_controller_that_syncs_the_overlay_still_is_named(repository, cluster):
    cluster.applications = {"items": [application()]}
    cluster.applications["items"][0]["spec"]["source"]["path"] = "overlays/dev"
    done = repository.run(*VERIFY)
    message = "error: Argo CD syncs overlays/dev still: python -m gitops bootstrap argocd\n"
    assert (done.exit_code, done.output) == (2, message)


def test_what_was_set_meanwhile_is_not_recorded_as_verified(repository, cluster, monkeypatch):
    def late(*_):
        repository.change("release", NEWER)

    monkeypatch.setattr(verify, "_predictions", late)
    done = repository.run(*VERIFY)
    assert (done.exit_code, "dev has got another release than 1.1.0@" in done.output) == (2, True), done.output
    assert repository.git("log", "-1", "--format=%s") == "release(score-app): dev 1.2.0"


def test_a_key_is_sent_where_one_is_needed(repository, cluster, monkeypatch, search):
    cluster.key = "open-sesame"
    search(
        "golden rows .*failed: http.* wants a key, and takes none that is in API_KEY", repository.run(*VERIFY).output
    )
    monkeypatch.setenv("API_KEY", "open-sesame")
    assert repository.run(*VERIFY, "--no-record").exit_code == 0


def test_a_render_that_is_not_committed_is_no_ground_to_judge_by(repository, cluster):
    page = repository.place / "base" / "kustomization.yaml"
    page.write_text(page.read_text().replace("MAX_BODY_SIZE=3m", "MAX_BODY_SIZE=4m"))
    done = repository.run(*VERIFY)
    assert done.exit_code == 2
    assert "is not what overlays/dev renders to: python -m gitops render dev, then commit" in done.output


def test_a_failed_check_rolls_back_if_it_is_wanted(repository, cluster):
    repository.change(*VERIFY)
    repository.change("release", NEWER)
    apply(cluster, repository.place)
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

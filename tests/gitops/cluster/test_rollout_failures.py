"""Why a rollout fails, from what a real cluster showed of it: recorded/ has Deployments, pods, events and logs."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.cluster import watch
from gitops.cluster.api_errors import of_kubectl
from gitops.cluster.rollout_failures import reason
from gitops.cluster.snapshot import Snapshot

RECORDED = Path(__file__).parent / "recorded"
EXPECTED = {
    "image-absent": ("registry.example/score-app/none:1 cannot be pulled", "no such name, tag or digest", "make image"),
    "image-host": ("registry.example/score-app/score-app:0.1.0 cannot be pulled", "does not answer the node"),
    "image-name": ("Score-App:1 cannot be pulled", "small letters"),
    "image-never": ("localhost/none:1 cannot be pulled", "make up loads it"),
    "secret-volume": ("there is no Secret score-app-keys in mlops-dev", "create secret generic score-app-keys"),
    "secret-env": ("there is no Secret score-app-keys in mlops-dev", "create secret generic score-app-keys"),
    "configmap": ("there is no ConfigMap score-app-settings in mlops-dev",),
    "key": ("Secret score-app-keys in mlops-dev has no key keys",),
    "quota": ("the quota small leaves no room", "limited: pods=0", "describe quota small"),
    "limits": ("lets no such pod in", "maximum memory usage per Container is 32Mi"),
    "security": ("Pod Security restricted:latest lets no such pod in", "runAsNonRoot"),
    "unschedulable": ("no node takes score-app-", "Insufficient cpu", "resources.requests"),
    "memory": ("needs more memory than its limit of 40Mi", "resources.limits.memory"),
    "startup": ("does not become ready: Startup probe failed", "logs score-app-", "ready in 0.31 s"),
    "readiness": ("does not become ready: Readiness probe failed: HTTP probe failed with statuscode: 404",),
    "bundle": ("ends with exit code 2: error: there is no bundle 'nothing'", "kubectl -n mlops-dev logs"),
}  # fmt: skip


def recorded(name):
    return json.loads((RECORDED / f"{name}.json").read_text())


def snapshot(found):
    return Snapshot(**found)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_fault_has_its_sentence_and_the_next_command(name):
    found = str(reason(snapshot(recorded(name))))
    for part in EXPECTED[name]:
        assert part in found, found
    assert "\n" not in found


def test_each_recording_is_expected():
    assert {each.stem for each in RECORDED.glob("*.json")} == set(EXPECTED)


@pytest.mark.parametrize("name", ["quota", "limits", "security"])
def test_what_an_older_replica_set_was_refused_is_no_fault(name):
    found = recorded(name)
    for condition in found["deployment"]["status"]["conditions"]:
        if condition["type"] == "Progressing":
            condition["message"] = 'Created new replica set "score-app-0a1b2c3d4e"'
    assert reason(snapshot(found)) is None


@pytest.mark.parametrize("name", EXPECTED)
def test_a_generation_that_is_not_observed_yet_is_no_fault(name):
    found = recorded(name)
    found["deployment"]["metadata"]["generation"] += 1
    assert reason(snapshot(found)) is None


@pytest.mark.parametrize("name", [each for each in EXPECTED if each not in ("quota", "limits", "security")])
def test_what_fails_in_an_older_version_is_being_replaced(name):
    found = recorded(name)
    for pod in found["pods"]:
        pod["metadata"]["labels"]["pod-template-hash"] = "older"
    assert reason(snapshot(found)) is None
    assert watch.progress(snapshot(found)).startswith("0 of 1 new pods ready")


@pytest.mark.parametrize("name", EXPECTED)
def test_a_pod_that_is_going_or_ready_is_no_fault(name):
    found = recorded(name)
    found["deployment"]["status"]["conditions"] = []
    for pod in found["pods"]:
        pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert reason(snapshot(found)) is None
    for pod in found["pods"]:
        del pod["metadata"]["deletionTimestamp"]
        pod["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    assert reason(snapshot(found)) is None


def test_a_probe_that_fails_while_a_pod_starts_is_no_fault():
    found = recorded("startup")
    found["events"] = [each for each in found["events"] if each["reason"] != "Killing"]
    for pod in found["pods"]:
        for status in pod["status"]["containerStatuses"]:
            status.update(restartCount=0, lastState={})
    assert reason(snapshot(found)) is None


PULL_MESSAGES = {
    "failed to pull: unexpected status: 401 Unauthorized": "does not let the cluster in",
    "pull access denied, repository does not exist": "does not let the cluster in",
    "no match for platform in manifest: not found": "another kind of processor",
    "http: server gave HTTP response to HTTPS client": "does not trust the registry",
    "tls: failed to verify certificate: x509: unknown authority": "does not trust the registry",
    "dial tcp: lookup ghcr.io: no such host": "does not answer the node",
}  # fmt: skip


@pytest.mark.parametrize("message", PULL_MESSAGES)
def test_what_a_registry_says_is_distinguished(message):
    found = recorded("image-absent")
    for status in found["pods"][0]["status"]["containerStatuses"]:
        status["state"]["waiting"] = {"reason": "ErrImagePull", "message": message}
    assert PULL_MESSAGES[message] in reason(snapshot(found))


def test_a_cluster_that_says_why_in_an_event_alone_is_understood():
    found = recorded("image-absent")
    waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "registry.example/score-app/none:1"'}
    for status in found["pods"][0]["status"]["containerStatuses"]:
        status["state"]["waiting"] = waiting
    assert "no such name, tag or digest" in reason(snapshot(found))


@given(name=st.sampled_from(sorted(EXPECTED)), drop=st.sets(st.integers(0, 200), max_size=20))
def test_fields_that_are_missing_are_no_crash(name, drop):
    """Every field of a status is optional."""
    found, count = recorded(name), [0]

    def pruned(value):
        if isinstance(value, dict):
            kept = {}
            for key, each in value.items():
                count[0] += 1
                if count[0] not in drop or key in ("metadata", "name", "involvedObject", "type", "spec", "labels"):
                    kept[key] = pruned(each)
            return kept
        return [pruned(each) for each in value] if isinstance(value, list) else value

    found["pods"] = [each | {"status": pruned(each["status"])} for each in found["pods"]]
    found["deployment"]["status"] = pruned(found["deployment"]["status"])
    reason(snapshot(found))
    watch.progress(snapshot(found))


REFUSED = {
    'error: resource mapping not found for name: "a" namespace: "": no matches for kind "ServiceMonitor" in version '
    '"monitoring.coreos.com/v1"\nensure CRDs are installed first': "the cluster has no kind ServiceMonitor",
    'Error from server (Forbidden): namespaces is forbidden: User "x" cannot create': "this account may not do that",
    "error: You must be logged in to the server (Unauthorized)": "does not accept this account",
    "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?": "does not answer",
    "Unable to connect to the server: dial tcp: lookup nowhere: no such host": "does not answer",
    "error: something else": "kubectl apply: error: something else",
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_what_kubectl_says_becomes_a_sentence(message):
    found = of_kubectl("apply", message)
    assert REFUSED[message] in found
    assert "\n" not in found

"""Why a rollout will not complete: one small function for each reason, over what the cluster shows.

Each returns a sentence with the next command, or None. Only what does not mend itself is a reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gitops.cluster.snapshot import (
    Object,
    Snapshot,
    containers,
    is_ready,
    last_termination,
    name_of,
    pod_condition,
    repeated_probe_failures,
    waiting_state,
)

_PULL = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"}
_CONFIG = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
_MISSING = re.compile(r'(secrets?|configmaps?) "([^"]+)" not found', re.IGNORECASE)
_KEY = re.compile(r"(?:couldn't find key|non-existent \w+ key:?) (\S+)(?: in (Secret|ConfigMap) (\S+))?", re.IGNORECASE)


class Reason(str):
    """A sentence about what does not mend itself: waiting longer would change nothing."""

    __slots__ = ()


def reason(found: Snapshot) -> Reason | None:
    """Return why the newest pods will not become ready, or None as long as they may."""
    if not found.observed:
        return None
    if text := _refused(found):
        return Reason(text)
    for pod in found.newest:
        if is_ready(pod):
            continue
        for judge in POD_REASONS:
            if text := judge(found, pod):
                return Reason(text)
    return _timed_out(found)


def _refused(found: Snapshot) -> str | None:
    """Return why no pod is made: quota, Pod Security, limits, an admission webhook."""
    condition = found.condition("ReplicaFailure")
    message = _flat(condition.get("message", ""))
    if condition.get("status") != "True":
        return None
    refused = re.search(r'pods "\S*-([a-z0-9]+)-[a-z0-9]*"', message)
    if refused and found.newest_hash not in (refused[1], None):
        # What an older ReplicaSet was refused is being replaced.
        return None
    if match := re.search(r"exceeded quota: ([^,\s]+), (.*)", message):
        return (
            f"the quota {match[1]} leaves no room for another pod ({match[2]}): "
            f"kubectl -n {found.namespace} describe quota {match[1]}; ask for less, or raise it"
        )
    if match := re.search(r'violates PodSecurity "([^"]+)": (.*)', message):
        return (
            f"Pod Security {match[1]} lets no such pod in: {match[2]}; "
            "change the pod in base/, the component or the patch that asks for it"
        )
    if "serviceaccount" in message.lower() and "not found" in message:
        # It is made by the same apply, and seen a moment later.
        return None
    if "is forbidden" in message or "admission webhook" in message:
        return f"the cluster lets no such pod in: {message}; change the pod in base/, the component or the patch"
    return None


def _not_pulled(found: Snapshot, pod: Object) -> str | None:
    """Return why an image cannot be pulled."""
    for each in containers(pod):
        state = waiting_state(each)
        if state.get("reason") not in _PULL:
            continue
        message = _pull_message(found, pod, state)
        return f"{each.get('image') or 'the image'} cannot be pulled: {_pull_cause(message, found.namespace)}"
    return None


def _pull_message(found: Snapshot, pod: Object, state: Object) -> str:
    """Return the registry's own words: the state has them, or before Kubernetes 1.32 only an event."""
    message = _flat(state.get("message", ""))
    if "rror" in message or "ailed" in message or state["reason"] != "ImagePullBackOff":
        return message
    events = found.events_of(name_of(pod), "Failed", "InspectFailed")
    return next((_flat(each["message"]) for each in events if "pull" in each.get("message", "")), message)


PULL_CAUSES = {
    r"no match for platform|no matching manifest|exec format": (
        "the image is built for another kind of processor than the node's: build it with PLATFORM=linux/arm64 or "
        "PLATFORM=linux/amd64"
    ),
    r"invalid reference format|must be lowercase|couldn't parse image": (
        "this is no name of an image: write it in small letters in the overlay, under images"
    ),
    r"is not present with pull policy": "it is not on the node: make up loads it",
    r"40[13] |unauthorized|authentication required|access denied|authorization failed|denied|no basic auth": (
        "the registry does not let the cluster in, or has no such name: kubectl -n {namespace} create secret "
        "docker-registry, as docs/how-to.md has it"
    ),
    r"manifest unknown|not found|404": (
        "the registry has no such name, tag or digest: make image push, then python -m gitops release TAG@DIGEST"
    ),
    r"HTTP response to HTTPS|TLS handshake|x509|certificate": (
        "the node does not trust the registry, or the registry speaks no TLS: tell the node's container runtime of it"
    ),
    r"no such host|refused|i/o timeout|deadline exceeded|unreachable|toomanyrequests|429|\bEOF\b": (
        "the registry does not answer the node: look whether its name is right, and whether the node may reach it"
    ),
}
"""What a registry's or a runtime's words mean, the more special ones first."""


def _pull_cause(message: str, namespace: str) -> str:
    for pattern, cause in PULL_CAUSES.items():
        if re.search(pattern, message, re.IGNORECASE):
            return f"{cause.format(namespace=namespace)} ({message[-300:]})"
    return f"{message[-300:]}; make image push, then release it"


def _missing(found: Snapshot, pod: Object) -> str | None:
    """Return which Secret, ConfigMap or key a container needs and has not."""
    messages = [
        waiting_state(each).get("message", "")
        for each in containers(pod)
        if waiting_state(each).get("reason") in _CONFIG
    ]
    messages += [each.get("message", "") for each in found.events_of(name_of(pod), "FailedMount")]
    for message in map(_flat, messages):
        if match := _MISSING.search(message):
            return _missing_object(match[1].lower().rstrip("s"), match[2].rpartition("/")[2], found.namespace)
        if match := _KEY.search(message):
            place = f"{match[2]} {match[3].rpartition('/')[2]}" if match[2] else "its Secret or ConfigMap"
            return f"{place} in {found.namespace} has no key {match[1]}, which the pods read: add the key ({message})"
    if messages and any(waiting_state(each).get("reason") in _CONFIG for each in containers(pod)):
        return f"the container cannot be made: {_flat(messages[0])}; kubectl -n {found.namespace} describe pod"
    return None


def _missing_object(kind: str, name: str, namespace: str) -> str:
    if kind == "secret":
        how = f"kubectl -n {namespace} create secret generic {name} --from-literal=KEY=VALUE"
        return (
            f"there is no Secret {name} in {namespace}, which the pods read: {how}; docs/how-to.md says what it holds"
        )
    return f"there is no ConfigMap {name} in {namespace}, which the pods read: python -m gitops deploy applies it"


def _unschedulable(found: Snapshot, pod: Object) -> str | None:
    """Return why no node takes a pod."""
    condition = pod_condition(pod, "PodScheduled")
    if condition.get("status") != "False" or condition.get("reason") != "Unschedulable":
        return None
    if any(found.events_of(name_of(pod), "TriggeredScaleUp")):
        return None
    message = re.split(r" (?:preemption:|no new claims)", _flat(condition.get("message", "")))[0].rstrip(" .,")
    return (
        f"no node takes {name_of(pod)}: {message}; add a node, stop something else, or ask for less in "
        "resources.requests"
    )


def _out_of_memory(_: Snapshot, pod: Object) -> str | None:
    """Return whether a container was ended because it needed more memory than it may have."""
    for each in containers(pod):
        if last_termination(each).get("reason") == "OOMKilled":
            limit = _limit(pod, each["name"])
            return (
                f"{name_of(pod)} was ended because it needs more memory than its limit{limit}: "
                "raise resources.limits.memory in base/deployment.yaml or in a patch of the overlay"
            )
    return None


def _limit(pod: Object, container: str) -> str:
    for each in (pod.get("spec") or {}).get("containers") or ():
        if each.get("name") == container and (limit := (each.get("resources") or {}).get("limits", {}).get("memory")):
            return f" of {limit}"
    return ""


def _probe_failed(found: Snapshot, pod: Object) -> str | None:
    """Return which probe fails, with the last log lines; a probe that fails while a pod starts is none."""
    killed = [each for each in found.events_of(name_of(pod), "Killing") if "probe" in each.get("message", "")]
    if not killed and not repeated_probe_failures(found, pod):
        return None
    messages = [_flat(each.get("message", "")) for each in found.events_of(name_of(pod), "Unhealthy")]
    # Each start begins with refused connections; what comes after them is the cause.
    messages.sort(key=lambda each: "connection refused" in each)
    cause = next(iter(messages), "") or _flat(killed[0]["message"])
    return f"{name_of(pod)} does not become ready: {cause}{_log(found, pod)}"


def _exited(found: Snapshot, pod: Object) -> str | None:
    """Return with which last words a container ends by itself, as one with a bundle that is refused."""
    for each in containers(pod):
        how = last_termination(each)
        # Its last words may come a moment later; without them the exit code alone says little.
        silent = not found.logs.get(name_of(pod)) and each.get("restartCount", 0) < 3
        if how.get("exitCode") and not silent:
            code = how["exitCode"]
            return f"{each['name']} in {name_of(pod)} ends with exit code {code}{_log(found, pod)}"
    return None


def _log(found: Snapshot, pod: Object) -> str:
    lines = found.logs.get(name_of(pod)) or []
    restarted = any(each.get("restartCount") for each in containers(pod))
    command = f"kubectl -n {found.namespace} logs {name_of(pod)}{' --previous' if restarted else ''}"
    last = f": {' | '.join(map(_flat, lines[-3:]))[:500]}" if lines else ""
    return f"{last}; {command} has all of it"


def _timed_out(found: Snapshot) -> Reason | None:
    """Return that the Deployment's own deadline is over."""
    condition = found.condition("Progressing")
    if condition.get("reason") != "ProgressDeadlineExceeded":
        return None
    return Reason(
        f"the pods made no progress for longer than progressDeadlineSeconds: kubectl -n {found.namespace} describe pods"
    )


def _flat(text: str) -> str:
    return " ".join(str(text).split())


POD_REASONS: tuple[Callable[[Snapshot, Object], str | None], ...] = (
    _not_pulled, _missing, _unschedulable, _out_of_memory, _probe_failed, _exited,
)  # fmt: skip
"""In this order: a container that was ended for a failed probe has an exit code too."""

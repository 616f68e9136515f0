"""Wait until a rollout is complete, and stop as soon as a reason is known why it never will be."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep

from gitops.cluster import rollout_failures
from gitops.cluster.client import Cluster
from gitops.cluster.snapshot import Object, Snapshot, containers, is_ready, name_of, pod_condition, waiting_state

Show = Callable[[str], None]
"""Shows the state of things, which the next state replaces."""


def rollout(cluster: Cluster, name: str, app: str, timeout: float, show: Show) -> str | None:
    """Show a rollout pod by pod; return None once it is complete, or why it is not."""
    end = monotonic() + timeout
    while True:
        found = cluster.snapshot(name, app)
        problem = missing_replicas(found.deployment)
        show(progress(found))
        if problem is None:
            return None
        if known := rollout_failures.reason(found):
            return known
        if monotonic() > end:
            return f"not complete within {timeout:.0f} s: {problem}; kubectl -n {cluster.namespace} describe pods"
        sleep(0.5)


def missing_replicas(deployment: Object) -> str | None:
    """Return what a Deployment lacks, or None."""
    status, count = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    if (status.get("observedGeneration") or 0) < deployment["metadata"].get("generation", 0):
        return "the newest generation of the Deployment is not observed yet"
    numbers = {"updated": "updatedReplicas", "available": "availableReplicas", "in total": "replicas"}
    wrong = [f"{status.get(key) or 0} {name}" for name, key in numbers.items() if (status.get(key) or 0) != count]
    return f"{count} pods are wanted: {', '.join(wrong)}" if wrong else None


def progress(found: Snapshot) -> str:
    """Return one line about a rollout: how many pods are ready, and what each other one does."""
    count = found.deployment["spec"].get("replicas", 1)
    ready = [each for each in found.newest if is_ready(each)]
    others = [f"{name_of(each)} {pod_stage(each)}" for each in found.newest if not is_ready(each)]
    going = len(found.pods) - len(found.newest)
    parts = [f"{len(ready)} of {count} new pods ready", *sorted(others)]
    return "; ".join([*parts, f"{going} old ones are going"] if going and len(ready) == count else parts)


def pod_stage(pod: Object) -> str:
    """Return what a pod that is not ready does."""
    if "nodeName" not in (pod.get("spec") or {}) or pod_condition(pod, "PodScheduled").get("status") == "False":
        return "waits for a node"
    for each in containers(pod):
        if found := waiting_state(each).get("reason"):
            return (
                "gets its image and volumes" if found in ("ContainerCreating", "PodInitializing") else f"waits: {found}"
            )
    return "starts"

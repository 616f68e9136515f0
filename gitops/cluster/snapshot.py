"""What a namespace shows of one rollout at one moment: the Deployment, its newest pods, their events and logs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]
FAILED_PROBES = 6
"""A probe that failed so often is no slow start."""


@dataclass(frozen=True)
class Snapshot:
    """Objects as the API has them, in JSON."""

    namespace: str
    deployment: Object
    pods: list[Object] = field(default_factory=list)
    events: list[Object] = field(default_factory=list)
    logs: dict[str, list[str]] = field(default_factory=dict)
    """The last lines of the pods whose container has ended."""

    @property
    def observed(self) -> bool:
        """Return whether the cluster has seen the newest generation of the Deployment."""
        seen = (self.deployment.get("status") or {}).get("observedGeneration") or 0
        return bool(seen >= self.deployment["metadata"].get("generation", 0))

    def condition(self, kind: str) -> Object:
        """Return a condition of the Deployment; empty if it has none of this kind."""
        return _condition(self.deployment, kind)

    @property
    def newest(self) -> list[Object]:
        """Return the pods of the newest ReplicaSet: what fails in older ones is being replaced."""
        if not self.observed:
            return []
        alive = [each for each in self.pods if "deletionTimestamp" not in each["metadata"]]
        if not (newest := self.newest_hash):
            return alive
        return [each for each in alive if template_hash(each) in (newest, None)]

    @property
    def newest_hash(self) -> str | None:
        """Return which ReplicaSet is the newest, as the Deployment names it."""
        found = re.search(r'eplica ?[sS]et "[^"]*-([^"-]+)"', self.condition("Progressing").get("message", ""))
        return found[1] if found else None

    def events_of(self, name: str, *reasons: str) -> Iterator[Object]:
        """Yield the events of an object with these reasons, the newest first."""
        for each in sorted(self.events, key=_time, reverse=True):
            if each["involvedObject"].get("name") == name and each.get("reason") in reasons:
                yield each


def template_hash(pod: Object) -> str | None:
    """Return which ReplicaSet a pod belongs to."""
    found: str | None = (pod["metadata"].get("labels") or {}).get("pod-template-hash")
    return found


def name_of(found: Object) -> str:
    """Return the name of an object."""
    return str(found["metadata"]["name"])


def containers(pod: Object) -> list[Object]:
    """Return the states of a pod's containers."""
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def is_ready(pod: Object) -> bool:
    """Return whether a pod is ready."""
    return _condition(pod, "Ready").get("status") == "True"


def has_ended(pod: Object) -> bool:
    """Return whether a container of a pod has ended before."""
    return any(last_termination(each) for each in containers(pod))


def last_termination(container: Object) -> Object:
    """Return how a container ended the last time; empty if it never did."""
    for key in ("state", "lastState"):
        if found := (container.get(key) or {}).get("terminated"):
            return dict(found)
    return {}


def repeated_probe_failures(found: Snapshot, pod: Object) -> list[Object]:
    """Return the events of probes that failed too often for a slow start."""
    events = found.events_of(name_of(pod), "Unhealthy")
    return [
        each for each in events
        if (each.get("count") or 1) >= FAILED_PROBES and each.get("message", "").startswith(("Readiness", "Liveness"))
    ]  # fmt: skip


def waiting_state(container: Object) -> Object:
    """Return what a container waits for; empty if it does not wait."""
    return dict((container.get("state") or {}).get("waiting") or {})


def pod_condition(pod: Object, kind: str) -> Object:
    """Return a condition of a pod; empty if it has none of this kind."""
    return _condition(pod, kind)


def _condition(found: Object, kind: str) -> Object:
    conditions = (found.get("status") or {}).get("conditions") or ()
    return next((each for each in conditions if each.get("type") == kind), {})


def _time(event: Object) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")

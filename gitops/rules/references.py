"""Rules about references between objects: what is named must exist."""

from __future__ import annotations

from collections.abc import Iterator

from gitops.render.objects import Object, full_name, of_kind, pod_of
from gitops.rules.overlay import Overlay


def one_owner_of_replicas(overlay: Overlay) -> Iterator[str]:
    """Let either the autoscaler or git set the number of pods, never both."""
    for scaler in of_kind(overlay.objects, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        found = [e for e in of_kind(overlay.objects, target["kind"]) if e["metadata"]["name"] == target["name"]]
        if not found:
            yield f"the autoscaler's target {target['kind']} {target['name']} does not exist"
        elif "replicas" in found[0]["spec"]:
            yield f"{full_name(found[0])} has replicas and an autoscaler: remove replicas from the overlay"


def selectors(overlay: Overlay) -> Iterator[str]:
    """Require that each selector matches a pod, and each Service port a port of a container."""
    pods = [pod for each in overlay.objects if (pod := pod_of(each))]
    for each in overlay.objects:
        wanted = _selector(each)
        if wanted and not any(wanted.items() <= (pod["metadata"].get("labels") or {}).items() for pod in pods):
            yield f"{full_name(each)} selects no pod"
        labels = (pod_of(each) or {}).get("metadata", {}).get("labels") or {}
        if each["kind"] == "Deployment" and not each["spec"]["selector"]["matchLabels"].items() <= labels.items():
            yield f"{full_name(each)} does not select its own pods"
    ports = {port.get("name") for _, each in overlay.containers() for port in each.get("ports", [])}
    for each in of_kind(overlay.objects, "Service"):
        for port in each["spec"]["ports"]:
            if isinstance(port["targetPort"], str) and port["targetPort"] not in ports:
                yield f"{full_name(each)} uses the port {port['targetPort']!r}, which no container has"


def _selector(found: Object) -> dict[str, str] | None:
    spec = found.get("spec") or {}
    if found["kind"] == "Service":
        return spec.get("selector")
    if found["kind"] in ("PodDisruptionBudget", "NetworkPolicy"):
        return (spec.get("selector") or spec.get("podSelector") or {}).get("matchLabels")
    return None

"""Rules about network policies: those who must reach the service are let in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitops.render.objects import APP, Object, is_service_pod, of_kind, pod_of
from gitops.rules.overlay import Overlay


def callers_let_in(overlay: Overlay) -> Iterator[str]:
    """Require that no policy closes the port for requests, nor the one for metrics where they are scraped."""
    for owner, pod in ((each, pod_of(each)) for each in of_kind(overlay.objects, "Deployment")):
        if pod is None or not is_service_pod(pod):
            continue
        policies = [each for each in of_kind(overlay.objects, "NetworkPolicy") if _closes(each, pod)]
        wanted = {"http": "callers"} | ({"admin": "Prometheus"} if _is_scraped(overlay) else {})
        for port, who in wanted.items():
            if policies and not any(_lets_in(each, _names(pod, port)) for each in policies):
                name = policies[-1]["metadata"]["name"]
                file = overlay.file_with("kind: NetworkPolicy", f"name: {name}")
                yield (
                    f"{file}: NetworkPolicy {name}: spec.ingress lets nobody in on the port {port}, so that {who} "
                    f"cannot reach {owner['metadata']['name']}: add a rule with ports: [port: {port}]"
                )


def _is_scraped(overlay: Overlay) -> bool:
    monitors = of_kind(overlay.objects, "ServiceMonitor")
    return any(each["spec"].get("selector", {}).get("matchLabels", {}).get("app") == APP for each in monitors)


def _closes(policy: Object, pod: Object) -> bool:
    """Return whether a policy decides who reaches a pod."""
    selected = (policy["spec"].get("podSelector") or {}).get("matchLabels") or {}
    labels = pod["metadata"].get("labels") or {}
    return "Ingress" in policy["spec"].get("policyTypes", ["Ingress"]) and selected.items() <= labels.items()


def _names(pod: Object, port: str) -> set[Any]:
    """Return the names that a port of the pod has in a policy: its name and its number."""
    ports = (each for container in pod["spec"]["containers"] for each in container.get("ports") or ())
    return {port, *(each["containerPort"] for each in ports if each.get("name") == port)}


def _lets_in(policy: Object, names: set[Any]) -> bool:
    rules = policy["spec"].get("ingress") or ()
    return any(not rule.get("ports") or any(each.get("port") in names for each in rule["ports"]) for rule in rules)

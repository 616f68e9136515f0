"""Rules about the hardening of pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitops.render.objects import Object, containers_of, full_name, pod_of
from gitops.rules.overlay import Overlay


def hardened(overlay: Overlay) -> Iterator[str]:
    """Require the hardening of the base in every pod."""
    for owner, pod in ((full_name(each), pod_of(each)) for each in overlay.objects):
        if pod is None:
            continue
        spec = pod["spec"]
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{owner} gets a token that it does not need"
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if spec.get(key):
                yield f"{owner} uses {key}"
        if not (spec.get("securityContext") or {}).get("runAsNonRoot"):
            yield f"{owner} may run as root"
        for container in containers_of(spec):
            yield from (f"{owner}: {problem}" for problem in _container(container))


def _container(container: Object) -> Iterator[str]:
    name, context = container.get("name"), container.get("securityContext") or {}
    if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
        yield f"{name} may gain privileges"
    if context.get("readOnlyRootFilesystem") is not True:
        yield f"{name} may write to its root"
    if (context.get("capabilities") or {}).get("drop") != ["ALL"]:
        yield f"{name} keeps capabilities"
    resources: dict[str, Any] = container.get("resources") or {}
    for kind in ("requests", "limits"):
        for resource in ("cpu", "memory"):
            if resource not in (resources.get(kind) or {}):
                yield f"{name} has no {kind[:-1]} of {resource}"
    probes = [container.get(key) for key in ("readinessProbe", "livenessProbe")]
    if "ports" in container and (None in probes or probes[0] == probes[1]):
        yield f"{name} needs a readiness and a liveness probe that differ"

"""Rules about what is an environment's own: namespace, label, alerts, quota."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitops.render.objects import full_name, is_service_pod, of_kind, pod_of
from gitops.rules.overlay import Overlay


def as_declared(overlay: Overlay) -> Iterator[str]:
    """Require the namespace of environments.yaml, and the label `env` with the environment's name."""
    declared, found = overlay.environment.namespace, overlay.kustomization.get("namespace")
    if found != declared:
        yield f"its overlay has the namespace {found}, environments.yaml has {declared}"
    for each in overlay.objects:
        metas = [each["metadata"], *([pod["metadata"]] if (pod := pod_of(each)) else [])]
        if any((meta.get("labels") or {}).get("env") != overlay.name for meta in metas):
            yield f"{full_name(each)} lacks the label env: {overlay.name}; set it under labels, with includeTemplates"
            return


def own_namespace(overlay: Overlay) -> Iterator[str]:
    """Require exactly one Namespace with pinned Pod Security, and everything else inside it."""
    namespace = overlay.kustomization.get("namespace")
    found = of_kind(overlay.objects, "Namespace")
    if [each["metadata"]["name"] for each in found] != [namespace]:
        yield f"it must contain exactly one Namespace, {namespace}"
    for each in found:
        labels = each["metadata"].get("labels") or {}
        if labels.get("pod-security.kubernetes.io/enforce") != "restricted":
            yield f"{full_name(each)} does not enforce the restricted Pod Security level"
        if not re.fullmatch(r"v1\.\d+", str(labels.get("pod-security.kubernetes.io/enforce-version"))):
            yield f"{full_name(each)} must pin the version of its Pod Security level"
    for each in overlay.objects:
        if each["kind"] != "Namespace" and each["metadata"].get("namespace") != namespace:
            yield f"{full_name(each)} is in another namespace than {namespace}"


def own_alerts(overlay: Overlay) -> Iterator[str]:
    """Require that the alerts are those of the environment's SLO, and about its own namespace."""
    namespace, found = overlay.environment.namespace, of_kind(overlay.objects, "PrometheusRule")
    for each in found:
        rules = [rule for group in each["spec"]["groups"] for rule in group["rules"]]
        if foreign := {str(rule["labels"]["namespace"]) for rule in rules} - {namespace}:
            yield f"{full_name(each)} watches the namespace {min(foreign)}, not {namespace}: its slo is not declared"
    if overlay.environment.slo and not found and "monitoring" in overlay.components():
        yield "environments.yaml declares an slo, but its overlay does not list alerts.yaml under resources"


def quota_for_the_service(overlay: Overlay) -> Iterator[str]:
    """Allow nothing but the service beside a quota that was measured for it."""
    for each in overlay.objects if of_kind(overlay.objects, "ResourceQuota") else ():
        if (pod := pod_of(each)) and not is_service_pod(pod):
            yield f"{full_name(each)} is not the service, and the quota of this namespace is for nothing else"

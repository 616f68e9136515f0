"""The account for `gitops verify`: it may read what that command reads, no secrets, and write nothing."""

from __future__ import annotations

from typing import Any

from gitops.environments import Environment, Environments
from gitops.generate.yaml_output import Object

RBAC = "rbac.authorization.k8s.io"
RENDERED = {
    "": "configmaps services serviceaccounts resourcequotas limitranges",
    "apps": "deployments",
    "autoscaling": "horizontalpodautoscalers",
    "policy": "poddisruptionbudgets",
    "networking.k8s.io": "networkpolicies",
    "gateway.networking.k8s.io": "httproutes",
    "monitoring.coreos.com": "servicemonitors prometheusrules",
}
"""What base and components may be rendered to, by API group."""


def account(environments: Environments, members: list[Environment]) -> list[Object]:
    """Return the objects for the environments of one cluster."""
    namespace = f"{environments.prefix}-verify"
    role, controllers = f"{environments.name}-verify", f"{environments.name}-verify-controllers"
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": restricted}},
        {
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "verify", "namespace": namespace},
            "automountServiceAccountToken": False,
        },
        # In each environment: every object that is rendered, the images, and why a pod does not run.
        _role(role, [
            *(_rule(group, resources, "get") for group, resources in RENDERED.items()),
            _rule("", "pods events", "list"),
            _rule("", "pods/log", "get"),
        ]),
        # Everywhere, because the namespace of the controller's objects is not known: whether they are in sync.
        _role(controllers, [
            _rule("", "namespaces", "get", resourceNames=[each.namespace for each in members]),
            _rule("argoproj.io", "applications", "list"),
            _rule("kustomize.toolkit.fluxcd.io", "kustomizations", "list"),
        ]),
        _binding("ClusterRoleBinding", {"name": controllers}, namespace),
        *(_binding("RoleBinding", {"name": role, "namespace": each.namespace}, namespace) for each in members),
    ]  # fmt: skip


def _rule(group: str, resources: str, verb: str, **more: Any) -> Object:
    return {"apiGroups": [group], "resources": resources.split(), **more, "verbs": [verb]}


def _role(name: str, rules: list[Object]) -> Object:
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}


def _binding(kind: str, meta: Object, namespace: str) -> Object:
    return {
        "apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": meta,
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": meta["name"]},
        "subjects": [{"kind": "ServiceAccount", "name": "verify", "namespace": namespace}],
    }  # fmt: skip

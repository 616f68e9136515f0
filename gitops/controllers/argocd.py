"""What Argo CD has in the cluster: its objects, the access to a repository, and whether it has applied a commit."""

from __future__ import annotations

from gitops.cluster.snapshot import Object
from gitops.controllers.access import Access
from gitops.environments import Environments

NAME = "Argo CD"
NAMESPACE = "argocd"
KIND = ("argoproj.io", "v1alpha1", "applications")
APIS = {"argoproj.io/v1alpha1": {"Application", "AppProject"}}
SHARED = "project.yaml"
"""What all environments need, in clusters/argocd."""


def refresh_annotations() -> dict[str, str]:
    """Return annotations that make it look at git, also if that failed a moment ago; it removes them itself."""
    return {"argocd.argoproj.io/refresh": "hard"}


def path(application: Object) -> str | None:
    """Return the folder that an Application syncs."""
    found: str | None = application["spec"].get("source", {}).get("path")
    return found


def namespaces(application: Object) -> set[str]:
    """Return the namespaces that an Application is known to deploy into."""
    return {*filter(None, [application["spec"].get("destination", {}).get("namespace")])}


def synced_revision(application: Object) -> str | None:
    """Return the commit that an Application has compared with the cluster last."""
    found: str | None = ((application.get("status") or {}).get("sync") or {}).get("revision")
    return found


def attempted_revision(application: Object) -> str | None:
    """Return the commit that an Application has tried to apply last."""
    operation = (application.get("status") or {}).get("operationState") or {}
    found: str | None = (operation.get("syncResult") or {}).get("revision")
    return found


def sync_problem(application: Object, commit: str | None = None) -> str | None:
    """Return why an Application has not applied this commit, or what it knows, or None if it has."""
    name, status = application["metadata"]["name"], application.get("status") or {}
    sync, health = status.get("sync") or {}, (status.get("health") or {}).get("status")
    if commit is not None and synced_revision(application) != commit:
        return f"{name} is at {str(sync.get('revision'))[:12]}, not {commit[:12]}"
    phase = (status.get("operationState") or {}).get("phase")
    if (sync.get("status"), phase, health) != ("Synced", "Succeeded", "Healthy"):
        return f"{name} is {sync.get('status')}, its operation {phase}, its health {health}"
    return None


def reported_error(application: Object) -> str | None:
    """Return what an Application says is wrong, or None."""
    status = application.get("status") or {}
    wrong = [each.get("message") for each in status.get("conditions") or () if str(each.get("type")).endswith("Error")]
    operation = status.get("operationState") or {}
    phase = operation.get("phase")
    failed = phase in ("Error", "Failed") or (phase == "Running" and operation.get("retryCount"))
    wrong += [operation.get("message")] if failed else []
    return str(wrong[0]) if wrong else None


def secret(environments: Environments, access: Access) -> Object:
    """Return the Secret with which Argo CD reads a repository; it knows it by the label and the address."""
    found = {"type": "git", "url": environments.repository, "project": environments.name}
    found |= {"sshPrivateKey": access.key} if access.key else {"username": access.username, "password": access.token}
    labels = {"argocd.argoproj.io/secret-type": "repository"}
    meta = {"name": environments.repository_secret, "namespace": NAMESPACE, "labels": labels}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": found}

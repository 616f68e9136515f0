"""What Flux has in the cluster: its objects, the access to a repository, and whether it has applied a commit."""

from __future__ import annotations

from datetime import UTC, datetime

from gitops.cluster.snapshot import Object
from gitops.controllers.access import Access
from gitops.environments import Environments

NAME = "Flux"
NAMESPACE = "flux-system"
KIND = ("kustomize.toolkit.fluxcd.io", "v1", "kustomizations")
SOURCE_KIND = ("source.toolkit.fluxcd.io", "v1", "gitrepositories")
APIS = {"kustomize.toolkit.fluxcd.io/v1": {"Kustomization"}, "source.toolkit.fluxcd.io/v1": {"GitRepository"}}
SHARED = "source.yaml"
"""What all environments need, in clusters/flux."""


def refresh_annotations() -> dict[str, str]:
    """Return annotations that make it look at git, because they are new."""
    return {"reconcile.fluxcd.io/requestedAt": datetime.now(UTC).isoformat()}


def path(kustomization: Object) -> str | None:
    """Return the folder that a Kustomization syncs."""
    found: str | None = kustomization["spec"].get("path")
    return found


def namespaces(kustomization: Object) -> set[str]:
    """Return the namespaces that a Kustomization is known to deploy into."""
    entries = ((kustomization.get("status") or {}).get("inventory") or {}).get("entries") or ()
    # As NAMESPACE_NAME_GROUP_KIND.
    return {*filter(None, (str(each.get("id")).partition("_")[0] for each in entries))}


def synced_revision(kustomization: Object) -> str | None:
    """Return the commit that a Kustomization has applied last."""
    return _commit(kustomization, "lastAppliedRevision")


def attempted_revision(kustomization: Object) -> str | None:
    """Return the commit that a Kustomization has tried to apply last."""
    return _commit(kustomization, "lastAttemptedRevision")


def _commit(kustomization: Object, field: str) -> str | None:
    # As main@sha1:COMMIT.
    return str((kustomization.get("status") or {}).get(field) or "").rpartition(":")[2] or None


def sync_problem(kustomization: Object, commit: str | None = None) -> str | None:
    """Return why a Kustomization has not applied this commit, or what it knows, or None if it has."""
    meta, status = kustomization["metadata"], kustomization.get("status") or {}
    name, ready = meta["name"], _ready(kustomization)
    if commit is not None and synced_revision(kustomization) != commit:
        return f"{name} has applied {status.get('lastAppliedRevision')}, not {commit[:12]}"
    if status.get("observedGeneration") != meta.get("generation") or not ready:
        return f"{name} has not observed its newest generation yet"
    return None if ready["status"] == "True" else f"{name} is not ready: {ready.get('message')}"


def reported_error(found: Object) -> str | None:
    """Return what a Kustomization or its source says is wrong, or None."""
    ready = _ready(found)
    return str(ready.get("message")) if ready.get("status") == "False" else None


def _ready(found: Object) -> Object:
    conditions = (found.get("status") or {}).get("conditions") or ()
    return next((each for each in conditions if each["type"] == "Ready"), {})


def secret(environments: Environments, access: Access) -> Object:
    """Return the Secret with which Flux reads a repository; its source names it."""
    found = (
        {"identity": access.key, "known_hosts": access.known_hosts}
        if access.key
        else {"username": access.username, "password": access.token}
    )
    meta = {"name": environments.repository_secret, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": found}


def with_secret(source: Object, name: str) -> Object:
    """Return a source that names a Secret."""
    return source | {"spec": source["spec"] | {"secretRef": {"name": name}}}

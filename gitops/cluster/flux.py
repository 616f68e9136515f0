"""Whether Flux has applied a commit."""

from __future__ import annotations

from typing import Any

NAME = "Flux"
KIND = ("kustomize.toolkit.fluxcd.io", "v1", "kustomizations")


def path(kustomization: dict[str, Any]) -> str | None:
    """Return the folder that a Kustomization syncs."""
    found: str | None = kustomization["spec"].get("path")
    return found


def problem(kustomization: dict[str, Any], commit: str) -> str | None:
    """Return why a Kustomization has not applied this commit, or None if it has."""
    meta, status = kustomization["metadata"], kustomization.get("status") or {}
    name = meta["name"]
    if not str(status.get("lastAppliedRevision")).endswith(commit):
        return f"{name} has applied {status.get('lastAppliedRevision')}, not {commit[:12]}"
    conditions = [each for each in status.get("conditions") or [] if each["type"] == "Ready"]
    if status.get("observedGeneration") != meta.get("generation") or not conditions:
        return f"{name} has not observed its newest generation yet"
    return None if conditions[0]["status"] == "True" else f"{name} is not ready: {conditions[0].get('message')}"

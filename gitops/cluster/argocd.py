"""Whether Argo CD has applied a commit."""

from __future__ import annotations

from typing import Any

NAME = "Argo CD"
KIND = ("argoproj.io", "v1alpha1", "applications")


def path(application: dict[str, Any]) -> str | None:
    """Return the folder that an Application syncs."""
    found: str | None = application["spec"].get("source", {}).get("path")
    return found


def problem(application: dict[str, Any], commit: str) -> str | None:
    """Return why an Application has not applied this commit, or None if it has."""
    name, status = application["metadata"]["name"], application.get("status") or {}
    sync, health = status.get("sync") or {}, (status.get("health") or {}).get("status")
    if sync.get("revision") != commit:
        return f"{name} is at {str(sync.get('revision'))[:12]}, not {commit[:12]}"
    phase = (status.get("operationState") or {}).get("phase")
    if (sync.get("status"), phase, health) != ("Synced", "Succeeded", "Healthy"):
        return f"{name} is {sync.get('status')}, its operation {phase}, its health {health}"
    return None

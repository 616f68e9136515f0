"""The GitOps controllers that a cluster may have, and what they sync."""

from __future__ import annotations

from types import ModuleType

from gitops.cluster import argocd, flux
from gitops.cluster.client import Cluster
from gitops.cluster.snapshot import Object

CONTROLLERS: dict[str, ModuleType] = {"argocd": argocd, "flux": flux}
FAULT_SECONDS = 20
"""A controller tries again by itself; what it has reported for so long will not go away."""


def syncing(controller: ModuleType, cluster: Cluster, folder: str) -> list[Object]:
    """Return the controller's objects that sync this folder."""
    found = cluster.custom_objects(*controller.KIND)
    return [each for each in found if (controller.path(each) or "").strip("./") == folder]

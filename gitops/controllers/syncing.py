"""The GitOps controllers that a cluster may have, and what they sync."""

from __future__ import annotations

from types import ModuleType

from gitops.cluster.client import Cluster
from gitops.cluster.snapshot import Object
from gitops.controllers import argocd, flux

CONTROLLERS: dict[str, ModuleType] = {"argocd": argocd, "flux": flux}
FAULT_SECONDS = 20
"""A controller tries again by itself; what it has reported for so long will not go away."""


def find_syncing_objects(controller: ModuleType, cluster: Cluster, namespace: str, folder: str) -> list[Object]:
    """Return the controller's objects that sync this folder into a namespace.

    Another repository may have the same folder; an object that does not say its namespaces yet may be of this one.
    """
    found = cluster.custom_objects(*controller.KIND)
    ours = [each for each in found if (controller.path(each) or "").strip("./") == folder]
    return [each for each in ours if not (known := controller.namespaces(each)) or namespace in known]

"""What must be true of a cluster before anything is built or applied: each problem is one sentence."""

from __future__ import annotations

import platform
from collections import defaultdict
from pathlib import Path

from gitops import placeholder
from gitops.cluster.api_errors import reported
from gitops.cluster.client import Cluster
from gitops.cluster.snapshot import Object
from gitops.components import foreign_kinds, is_foreign, listed
from gitops.errors import GitopsError
from gitops.render.objects import of_kind, pod_of

OLDEST = (1, 30)
"""The first version whose pods may sleep before they stop, as base/deployment.yaml needs it."""
MOUNTS_IMAGES = (1, 33)
"""The first version that can mount images, where its feature ImageVolume is on; from 1.35 on it is by default."""
OURS = ("app.kubernetes.io/name", "app.kubernetes.io/part-of", "env")
"""The labels of the Namespace by which it is known again."""
RIGHTS = (
    ("patch", "", "services", ""), ("patch", "", "configmaps", ""), ("patch", "apps", "deployments", ""),
    ("list", "", "pods", ""), ("list", "", "events", ""), ("get", "", "pods", "log"),
)  # fmt: skip
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def require(cluster: Cluster, folder: Path, objects: list[Object]) -> None:
    """Refuse a cluster that is too old, in which we have not the rights, or whose namespace is somebody else's."""
    with reported("kubectl auth can-i --list shows what it may do"):
        if (version := cluster.version()) < OLDEST:
            raise GitopsError(
                f"the cluster at {cluster.server} is Kubernetes {version[0]}.{version[1]}: "
                f"{OLDEST[0]}.{OLDEST[1]} or newer is needed; upgrade it, or choose another --context"
            )
        if version < MOUNTS_IMAGES and _mounts_images(objects):
            raise GitopsError(
                f"the cluster at {cluster.server} is Kubernetes {version[0]}.{version[1]}, and a model in an image of "
                f"its own needs {MOUNTS_IMAGES[0]}.{MOUNTS_IMAGES[1]}: release an image of the server with it instead"
            )
        existing = cluster.own_namespace()
        if existing:
            require_ours(existing, objects)
        _require_rights(cluster, RIGHTS if existing else (("create", "", "namespaces", ""), *RIGHTS))
        if lacking := missing_kinds(cluster, folder.parents[1], folder.name, objects):
            raise GitopsError(f"{lacking}; nothing was applied")


def _mounts_images(objects: list[Object]) -> bool:
    pods = (pod["spec"] for each in objects if (pod := pod_of(each)))
    return any("image" in volume for spec in pods for volume in spec.get("volumes") or ())


def require_ours(existing: Object, objects: list[Object]) -> None:
    """Refuse a namespace that does not carry the labels of ours, or that is going."""
    name = existing["metadata"]["name"]
    if existing["status"].get("phase") == "Terminating":
        raise GitopsError(f"the namespace {name} is being deleted: wait until it is gone")
    labels = existing["metadata"].get("labels") or {}
    declared: dict[str, str] = next((each["metadata"].get("labels", {}) for each in of_kind(objects, "Namespace")), {})
    if different := [key for key in OURS if labels.get(key) != declared.get(key)]:
        raise GitopsError(
            f"the namespace {name} exists and is not of this environment (its label {different[0]} is "
            f"{labels.get(different[0])!r}): give this environment another one, or delete it"
        )


def _require_rights(cluster: Cluster, rights: tuple[tuple[str, str, str, str], ...]) -> None:
    for verb, group, resource, subresource in rights:
        if not cluster.may(verb, group, resource, subresource):
            what = f"{resource}/{subresource}" if subresource else resource
            raise GitopsError(
                f"this account may not {verb} {what} in {cluster.namespace}: "
                "ask for the right, log in as somebody else, or choose another --context"
            )


def require_platform(nodes: list[Object], wanted: str | None) -> None:
    """Refuse to build for a processor that no node has."""
    found = {each["status"]["nodeInfo"]["architecture"] for each in nodes}
    built = (wanted or "").rpartition("/")[2] or _MACHINES.get(platform.machine(), platform.machine())
    if found and built not in found:
        listed = ", ".join(sorted(found))
        raise GitopsError(f"the nodes are {listed}, and the image would be {built}: give PLATFORM=linux/{min(found)}")


def require_image(name: str, objects: list[Object]) -> None:
    """Refuse an environment that names no image yet."""
    for each in of_kind(objects, "Deployment"):
        for container in (pod_of(each) or {}).get("spec", {}).get("containers", ()):
            if found := placeholder.image_problem(name, str(container.get("image"))):
                raise GitopsError(found)


def missing_kinds(cluster: Cluster, root: Path, name: str, objects: list[Object]) -> str | None:
    """Return which kinds of an environment the cluster does not know, and the commands that do without them."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for each in filter(is_foreign, objects):
        wanted[each["apiVersion"]].add(each["kind"])
    lacking = [
        f"{kind} ({version})"
        for version, kinds in sorted(wanted.items())
        for kind in sorted(kinds - (cluster.kinds(version) or set()))
    ]
    if not lacking:
        return None
    causes = [each for each in listed(root, name) if {*foreign_kinds(root, each)} & {*lacking}]
    without = " && ".join(f"python -m gitops component remove {each} {name}" for each in causes)
    remedy = f"install what has them, or do without: {without}" if without else "install what has them"
    return f"{name}: the cluster does not know {', '.join(lacking)}: {remedy}"

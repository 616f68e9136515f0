"""What must be true of a cluster before anything is built or applied: each problem is one sentence."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable
from pathlib import Path

from kubernetes import config

from gitops.cluster import requirements
from gitops.cluster.api_errors import reported
from gitops.cluster.client import UNREADABLE, Cluster
from gitops.cluster.snapshot import Object
from gitops.errors import GitopsError
from gitops.render.objects import of_kind, pod_of

Confirm = Callable[[str], bool]
"""Asks a question on a terminal; elsewhere the answer is no."""
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
_PRODUCTION = re.compile(r"(?<![a-z])(prod|production|prd|live)(?![a-z])", re.IGNORECASE)
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def choose(context: str | None, confirm: Confirm) -> str:
    """Return the context to use; one of several that looks like production is used only on request."""
    try:
        found, active = config.list_kube_config_contexts(os.environ.get("KUBECONFIG"))  # type: ignore[no-untyped-call]
        names, current = [each["name"] for each in found], active["name"]
    except UNREADABLE as error:
        reason = " ".join(str(error).split())[:200]
        raise GitopsError(
            f"no cluster is configured: {reason}; set KUBECONFIG, or start one, for example with `kind create cluster`"
        ) from None
    if context:
        if context not in names:
            raise GitopsError(f"there is no context {context!r} in the kubeconfig; there are {', '.join(names)}")
        return context
    if len(names) > 1 and _PRODUCTION.search(current) and not confirm(f"use {current}, which looks like production?"):
        raise GitopsError(
            f"the current context {current} looks like production: choose one with --context NAME ({', '.join(names)})"
        )
    return str(current)


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
        if lacking := requirements.missing_kinds(cluster, folder.parents[1], folder.name, objects):
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

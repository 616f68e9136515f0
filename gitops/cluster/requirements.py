"""What a cluster must have before an environment can be applied: an image that exists, and every kind of object."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from gitops import placeholder
from gitops.cluster.client import Cluster
from gitops.components import foreign_kinds, is_foreign, listed
from gitops.errors import GitopsError
from gitops.render.objects import Object, of_kind, pod_of


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

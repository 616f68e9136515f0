"""What a cluster must have before an environment can be applied: an image that exists, and every kind of object."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from gitops import placeholder
from gitops.cluster.deploy import kubectl
from gitops.components import foreign_kinds, is_foreign, listed
from gitops.errors import GitopsError
from gitops.render.kustomize import render
from gitops.render.objects import Object, of_kind, pod_of


def require(root: Path, name: str) -> None:
    """Refuse an environment that could not be applied, or could never run."""
    objects = render(root / "overlays" / name)
    for each in of_kind(objects, "Deployment"):
        for container in (pod_of(each) or {}).get("spec", {}).get("containers", ()):
            if found := placeholder.image_problem(name, str(container.get("image"))):
                raise GitopsError(found)
    if lacking := missing(root, name, objects):
        raise GitopsError(f"{lacking}; nothing was applied")


def missing(root: Path, name: str, objects: list[Object]) -> str | None:
    """Return which kinds of an environment the cluster does not know, and the commands that do without them."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for each in filter(is_foreign, objects):
        wanted[each["apiVersion"]].add(each["kind"])
    lacking = [
        f"{kind} ({version})" for version, kinds in sorted(wanted.items()) for kind in sorted(kinds - _known(version))
    ]
    if not lacking:
        return None
    causes = [each for each in listed(root, name) if {*foreign_kinds(root, each)} & {*lacking}]
    without = " && ".join(f"python -m gitops component remove {each} {name}" for each in causes)
    remedy = f"install what has them, or do without: {without}" if without else "install what has them"
    return f"{name}: the cluster does not know {', '.join(lacking)}: {remedy}"


def _known(version: str) -> set[str]:
    """Return the kinds that the cluster has of an API version."""
    done = kubectl("get", "--raw", f"/apis/{version}")
    if done.returncode == 0:
        return {each["kind"] for each in json.loads(done.stdout)["resources"]}
    if "NotFound" in done.stderr or "could not find the requested resource" in done.stderr:
        return set()
    raise GitopsError(f"the cluster cannot be asked: {' '.join(done.stderr.split())[:300]}")

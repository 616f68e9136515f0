"""The components: which of them an environment has, and what each needs in the cluster."""

from __future__ import annotations

from pathlib import Path

from gitops import text_files
from gitops.errors import GitopsError
from gitops.render.kustomize import kustomization
from gitops.render.objects import Object, parse


def require(root: Path, name: str) -> None:
    """Refuse a component that does not exist."""
    found = sorted(path.parent.name for path in (root / "components").glob("*/kustomization.yaml"))
    if name not in found:
        raise GitopsError(f"there is no component {name!r}; there are {', '.join(found)}")


def listed(root: Path, environment: str) -> list[str]:
    """Return the components of an environment in their order."""
    paths = kustomization(root / "overlays" / environment).get("components") or []
    return [str(each).rpartition("/")[2] for each in paths]


def needs(root: Path, name: str) -> str:
    """Return what a component needs in the cluster: the comment that its file begins with."""
    lines = text_files.read(root / "components" / name / "kustomization.yaml").splitlines()
    comment = []
    for line in lines:
        if not line.startswith("#"):
            break
        comment.append(line.removeprefix("#").strip())
    return " ".join(comment)


def foreign_kinds(root: Path, name: str) -> list[str]:
    """Return the kinds of a component that Kubernetes itself does not have, each with its version."""
    folder = root / "components" / name
    pages = [folder / each for each in kustomization(folder).get("resources") or ()]
    objects: list[Object] = [found for page in pages if page.is_file() for found in parse(text_files.read(page))]
    return sorted({f"{each['kind']} ({each['apiVersion']})" for each in objects if is_foreign(each)})


def is_foreign(found: Object) -> bool:
    """Return whether a kind comes from a CustomResourceDefinition: its group is a domain, or the Gateway API's."""
    group = str(found["apiVersion"]).partition("/")[0]
    return group == "gateway.networking.k8s.io" or ("." in group and not group.endswith(".k8s.io"))

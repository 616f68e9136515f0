"""Add a component to an environment's overlay, or remove it, with what goes with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gitops import components, text_files
from gitops.environments import load
from gitops.errors import GitopsError
from gitops.release import overlay
from gitops.render.kustomize import kustomization
from gitops.rules.kustomization import ORDER
from gitops.yaml_edit import add_text, remove_entry, remove_key

Change = Callable[[Path], None]
ALERTS = "alerts.yaml"


def add(root: Path, name: str, environment: str) -> Change:
    """Return the change that lists a component in an overlay."""
    environments = load(root)
    declared = environments.get(environment)
    components.require(root, name)
    if name in components.listed(root, environment):
        raise GitopsError(f"{environment} has the component {name} already")

    def change(copy: Path) -> None:
        page = overlay(copy, environment)
        text = add_text(text_files.read(page), "components", _path(name), ORDER)
        if declared.slo and name == "monitoring" and ALERTS not in _resources(page):
            text = add_text(text, "resources", ALERTS, ORDER)
        if name == "autoscaling" and "replicas" in kustomization(page.parent):
            # The autoscaler owns the number of pods.
            text = remove_key(text, ("replicas",))
        text_files.write(page, text)

    return change


def remove(root: Path, name: str, environment: str) -> Change:
    """Return the change that takes a component off an overlay."""
    load(root).index(environment)
    if name not in (found := components.listed(root, environment)):
        raise GitopsError(f"{environment} has no component {name}; it has {', '.join(found) or 'none'}")

    def change(copy: Path) -> None:
        page = overlay(copy, environment)
        text = text_files.read(page)
        if name == "monitoring" and ALERTS in (resources := _resources(page)):
            text = remove_entry(text, ("resources", resources.index(ALERTS)))
        text_files.write(page, remove_entry(text, ("components", found.index(name))))

    return change


def _path(name: str) -> str:
    return f"../../components/{name}"


def _resources(page: Path) -> list[str]:
    return list(kustomization(page.parent).get("resources") or ())

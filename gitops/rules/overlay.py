"""One overlay as the rules see it: its files, its kustomization and its render."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gitops.environments import Environment, Environments
from gitops.render.kustomize import kustomization, render_text
from gitops.render.objects import Object, full_name, parse, pod_of


@dataclass(frozen=True)
class Overlay:
    """The overlay of one environment."""

    environment: Environment
    image_repository: str
    folder: Path
    kustomization: Object
    rendered: str
    objects: list[Object]

    @property
    def name(self) -> str:
        """Return the name of the environment."""
        return self.environment.name

    def components(self) -> list[str]:
        """Return the names of the components that it lists."""
        return [str(each).rpartition("/")[2] for each in self.kustomization.get("components") or ()]

    def containers(self) -> Iterator[tuple[str, Object]]:
        """Yield each container with the full name of its owner."""
        for each in self.objects:
            pod = pod_of(each)
            for container in pod["spec"].get("containers", []) if pod else []:
                yield full_name(each), container


def load(root: Path, environments: Environments, name: str) -> Overlay:
    """Render the overlay of an environment."""
    folder = root / "overlays" / name
    found = kustomization(folder)
    rendered = render_text(folder)
    declared = environments.get(name)
    return Overlay(declared, environments.image_repository, folder, found, rendered, parse(rendered))

"""One overlay as the rules see it: its files, its kustomization and its render."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gitops.environments import Environment
from gitops.render.kustomize import folders, kustomization, render_text
from gitops.render.objects import APP, Object, containers_of, full_name, is_service_pod, parse, pod_of
from gitops.render_sources import RenderSources
from gitops.repository import Repository
from gitops.text_files import read


@dataclass(frozen=True)
class Overlay:
    """The overlay of one environment."""

    environment: Environment
    image: str
    """The name under `images` of the image that a release changes."""
    image_repository: str
    folder: Path
    kustomization: Object
    rendered: str
    objects: list[Object]
    repository: Repository
    models: Mapping[str, str] = field(default_factory=dict)
    """The versions of the models in its release, as far as they are known."""

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
            for container in containers_of(pod["spec"]) if pod else []:
                yield full_name(each), container

    def service_containers(self) -> Iterator[tuple[str, Object]]:
        """Yield the service's own container with the full name of its owner."""
        for each in self.objects:
            pod = pod_of(each)
            if pod and is_service_pod(pod):
                yield from ((full_name(each), found) for found in pod["spec"]["containers"] if found.get("name") == APP)

    def file_with(self, *patterns: str) -> str:
        """Return the file that decides: the overlay's own, else a component's, else one of the base."""
        own, *included = folders(self.folder)
        files = [path for folder in (own, *reversed(included)) for path in sorted(folder.glob("*.yaml"))]
        found = (path for path in files if all(re.search(each, read(path)) for each in patterns))
        path = next(found, self.folder / "kustomization.yaml")
        return str(path.resolve().relative_to(self.folder.resolve().parents[1]))


def load(
    sources: RenderSources, name: str, models: Mapping[str, str] | None = None, *, folder: Path | None = None
) -> Overlay:
    """Render the overlay of an environment, whose release has these models; another folder of it may be given."""
    environments = sources.environments
    folder = folder or sources.folder(name)
    found = kustomization(folder)
    rendered = render_text(folder)
    declared = environments.get(name)
    image, repository, objects = environments.image, environments.image_repository, parse(rendered)
    return Overlay(declared, image, repository, folder, found, rendered, objects, sources.history, models or {})

"""rendered/<environment>/: what the controllers sync and what review reads, one file for each object."""

from __future__ import annotations

import re
from pathlib import Path

from gitops import text_files
from gitops.render.diff import stable_name
from gitops.render.objects import Object, parse

FOLDER = Path("rendered")
KUSTOMIZATION = "kustomization.yaml"
_HEADER = """# Made by `python -m gitops render {name}`: edit overlays/{name}, base or components, not this.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
"""


def contents(environment: str, rendered: str) -> dict[Path, str]:
    """Return the files of an environment by their paths in the repository."""
    found: dict[str, str] = {}
    for text in re.split(r"^---\n", rendered, flags=re.MULTILINE):
        for each in parse(text):
            found[_file(each["kind"], stable_name(each), found)] = text
    listed = _HEADER.format(name=environment) + "".join(f"  - {name}\n" for name in sorted(found))
    return {FOLDER / environment / name: text for name, text in {**found, KUSTOMIZATION: listed}.items()}


def _file(kind: str, name: str, taken: dict[str, str]) -> str:
    """Return a name that every file system takes, and that no other object has."""
    base = re.sub(r"[^a-z0-9.-]+", "-", f"{kind}-{name}".lower())
    number, found = 1, f"{base}.yaml"
    while found in taken or found == KUSTOMIZATION:
        number, found = number + 1, f"{base}-{number + 1}.yaml"
    return found


def changes(root: Path, environment: str, rendered: str) -> dict[Path, str | None]:
    """Return the files that a render changes, with their new texts; None for one that goes."""
    wanted = contents(environment, rendered)
    found: dict[Path, str | None] = {
        path: text_files.with_line_ends_of(root / path, text)
        for path, text in wanted.items()
        if not text_files.is_current(root / path, text)
    }
    there = sorted(path.relative_to(root) for path in (root / FOLDER / environment).glob("*") if path.is_file())
    return found | {path: None for path in there if path not in wanted}


def objects(root: Path, environment: str) -> list[Object]:
    """Return the objects of an environment as they are in its files."""
    pages = (path for path in sorted((root / FOLDER / environment).glob("*.yaml")) if path.name != KUSTOMIZATION)
    return [each for path in pages for each in parse(text_files.read(path))]


def leftovers(root: Path, environments: list[str]) -> list[Path]:
    """Return the files of environments that do not exist any more."""
    pages = sorted(path for pattern in ("*.yaml", "*/*") for path in (root / FOLDER).glob(pattern) if path.is_file())
    return [path.relative_to(root) for path in pages if path.relative_to(root / FOLDER).parts[0] not in environments]

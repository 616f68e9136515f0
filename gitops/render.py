"""What Kustomize makes of a folder, and what the folder itself says."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from gitops.errors import GitopsError

APP = "score-app"
OLDEST = (5, 5)
Object = dict[str, Any]


@cache
def builder() -> tuple[str, ...]:
    """Return the command that renders: kustomize, or the one within kubectl."""
    if shutil.which("kustomize"):
        command, asked = ("kustomize", "build"), ["kustomize", "version"]
    elif shutil.which("kubectl"):
        command, asked = ("kubectl", "kustomize"), ["kubectl", "version", "--client"]
    else:
        raise GitopsError("neither kustomize nor kubectl is here: install one of them")
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.search(r"(?:Kustomize Version: )?v(\d+)\.(\d+)\.\d+\s*$", said)
    if found and (version := tuple(map(int, found.groups()))) < OLDEST:
        raise GitopsError(f"kustomize {'.'.join(map(str, version))} is too old: 5.5 or newer is needed")
    return command


def text(folder: Path) -> str:
    """Return the rendered YAML of a folder."""
    done = subprocess.run([*builder(), str(folder)], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise GitopsError(f"{folder.name}: Kustomize refuses it: {' '.join(done.stderr.split())[:600]}")
    return done.stdout


def render(folder: Path) -> list[Object]:
    """Return the rendered objects of a folder."""
    return objects(text(folder))


def objects(rendered: str) -> list[Object]:
    """Return the objects of rendered YAML."""
    return [each for each in yaml.safe_load_all(rendered) if each]


def kustomization(folder: Path) -> Object:
    """Return a folder's own kustomization."""
    path = folder / "kustomization.yaml"
    try:
        found = yaml.safe_load(path.read_text())
    except OSError as error:
        raise GitopsError(f"{path}: cannot be read ({error.strerror})") from None
    except yaml.YAMLError as error:
        raise GitopsError(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise GitopsError(f"{path}: holds no kustomization")
    return found


def folders(folder: Path) -> Iterator[Path]:
    """Give a folder and all that it is made of."""
    yield folder
    found = kustomization(folder)
    for each in [*(found.get("resources") or ()), *(found.get("components") or ())]:
        if (folder / each).is_dir():
            yield from folders((folder / each).resolve())


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    """Return the objects of a kind."""
    return [each for each in objects if each.get("kind") == kind]


def settings_of(objects: list[Object]) -> dict[str, str | None]:
    """Return what the service's pods are told by their environment; None stands for what only the cluster knows."""
    pages = {each["metadata"]["name"]: each.get("data") or {} for each in of_kind(objects, "ConfigMap")}
    found: dict[str, str | None] = {}
    for pod in (pod for each in of_kind(objects, "Deployment") if (pod := pod_of(each)) and serves(pod)):
        for container in pod["spec"].get("containers", []):
            for source in container.get("envFrom") or ():
                found |= pages.get(source.get("configMapRef", {}).get("name"), {})
            found |= {each["name"]: each.get("value") for each in container.get("env") or ()}
    return found


def name(found: Object) -> str:
    """Return what an object is called, for a sentence."""
    return f"{found.get('kind')} {found.get('metadata', {}).get('name')}"


def pod_of(found: Object) -> Object | None:
    """Return the pod that an object makes, if it makes any."""
    spec = found.get("spec") or {}
    if found.get("kind") == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    template = spec.get("template") if isinstance(spec, dict) else None
    return template if isinstance(template, dict) and "spec" in template else None


def serves(pod: Object) -> bool:
    """Tell whether a pod is one of the service's, as the Service does."""
    return bool((pod["metadata"].get("labels") or {}).get("app") == APP)

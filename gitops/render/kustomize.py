"""Render folders with Kustomize, and read their own kustomization."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml

from gitops import process, text_files
from gitops.errors import GitopsError
from gitops.render.objects import Object, parse, safe_loader

OLDEST = (5, 5)


class RenderError(GitopsError):
    """A folder that Kustomize cannot render."""


@cache
def command() -> tuple[str, ...]:
    """Return the command that renders: kustomize, or the one inside kubectl."""
    if shutil.which("kustomize"):
        found, version_command = ("kustomize", "build"), ["kustomize", "version"]
    elif shutil.which("kubectl"):
        found, version_command = ("kubectl", "kustomize"), ["kubectl", "version", "--client"]
    else:
        raise GitopsError("neither kustomize nor kubectl is installed: install one of them")
    output = process.run(*version_command).stdout
    match = re.search(r"(?:Kustomize Version: )?v(\d+)\.(\d+)\.\d+\s*$", output)
    if match and (version := tuple(map(int, match.groups()))) < OLDEST:
        raise GitopsError(f"kustomize {'.'.join(map(str, version))} is too old: 5.5 or newer is needed")
    return found


def render_text(folder: Path) -> str:
    """Return the rendered YAML of a folder."""
    done = process.run(*command(), str(folder))
    if done.returncode:
        # kubectl writes it as a line of a log.
        reason = re.sub(r'^E\d{4} .*? err="', "", " ".join(done.stderr.split()))
        raise RenderError(f"{folder.name}: kustomize failed: {reason[:600]}")
    return done.stdout


def render(folder: Path) -> list[Object]:
    """Return the rendered objects of a folder."""
    return parse(render_text(folder))


def kustomization(folder: Path) -> Object:
    """Return the kustomization of a folder."""
    path = folder / "kustomization.yaml"
    try:
        text = text_files.read(path)
        found = yaml.load(text, Loader=safe_loader(text))  # noqa: S506 - a safe one
    except OSError as error:
        raise RenderError(f"{path}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RenderError(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise RenderError(f"{path}: is not a kustomization")
    return found


def folders(folder: Path) -> Iterator[Path]:
    """Yield a folder and every folder that it includes."""
    yield folder
    found = kustomization(folder)
    for each in [*(found.get("resources") or ()), *(found.get("components") or ())]:
        if (folder / each).is_dir():
            yield from folders((folder / each).resolve())

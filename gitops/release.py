"""A release: image, manifests and models that are promoted between environments, and where an overlay names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitops import mounted, text_files
from gitops.errors import GitopsError
from gitops.mounted import Mounted
from gitops.render.kustomize import kustomization
from gitops.render.objects import Object
from gitops.yaml_edit import replace_value

UNRELEASED = f"sha256:{'0' * 64}"
"""What an overlay names until something is released there."""
DIGEST = re.compile(r"sha256:(?!0{64})[0-9a-f]{64}")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True)
class Release:
    """What is promoted as a whole."""

    tag: str
    """The image, for people."""
    digest: str
    """The image, for machines."""
    commit: str = ""
    """Where base and components are from; empty as long as nothing was released."""
    models: tuple[Mounted, ...] = ()
    """The models that are mounted beside those in the image."""

    @property
    def exists(self) -> bool:
        """Return whether this is more than the place of a first release."""
        return self.digest != UNRELEASED

    @property
    def id(self) -> frozenset[str]:
        """Return which release it is."""
        return frozenset(self.parts)

    @property
    def parts(self) -> dict[str, str]:
        """Return what it is made of, each part by what identifies it, with its name."""
        manifests = {self.commit: f"base and components of {self.commit[:12]}"} if self.commit else {}
        return {self.digest: self.image} | manifests | {each.digest: f"the model {each}" for each in self.models}

    @property
    def image(self) -> str:
        """Return the tag and a short digest."""
        return f"{self.tag}@{self.digest[:19]}"

    def __str__(self) -> str:
        """Return every part."""
        return ", ".join(self.parts.values())


def from_entry(entry: dict[str, Any]) -> Release:
    """Return the release that a line of the ledger is about."""
    models = sorted(mounted.from_entry(name, text) for name, text in entry.get("mounted", {}).items())
    return Release(entry["tag"], entry["digest"], entry["commit"], tuple(models))


def parse(text: str) -> Release:
    """Return a release of an image that is written as TAG@DIGEST."""
    tag, _, digest = text.partition("@")
    if not TAG.fullmatch(tag) or tag == "latest":
        raise GitopsError(f"{tag!r} is not the tag of a release: use TAG@sha256:…, the digest from build/digest")
    if not digest:
        raise GitopsError(f"{text} has no digest: use TAG@sha256:…, with the digest from build/digest")
    if not DIGEST.fullmatch(digest):
        raise GitopsError(f"{digest!r} is not a digest: use TAG@sha256:… with 64 hexadecimal digits")
    return Release(tag, digest)


def overlay(root: Path, environment: str) -> Path:
    """Return the kustomization of an environment."""
    return root / "overlays" / environment / "kustomization.yaml"


def current_image(root: Path, environment: str, image: str) -> Release:
    """Return a release of the image that an environment's overlay names."""
    _, entry = _image_entry(overlay(root, environment), image)
    return Release(str(entry.get("newTag")), str(entry.get("digest")))


def image_name(root: Path, environment: str, image: str) -> str:
    """Return the name that an environment's overlay gives its image."""
    _, entry = _image_entry(overlay(root, environment), image)
    return str(entry.get("newName", image))


def replaced(file: Path, image: str, release: Release) -> str:
    """Return the text of an overlay with another release's image."""
    index, entry = _image_entry(file, image)
    text = text_files.read(file)
    for key, value in (("newTag", '"unreleased"'), ("digest", UNRELEASED)):
        if key not in entry:
            raise GitopsError(
                f"overlays/{file.parent.name}: the image {image} has no {key} under images: add the line {key}: "
                f"{value}, commit it, then run this again"
            )
    try:
        for key, value in (("newTag", release.tag), ("digest", release.digest)):
            if entry.get(key) != value:
                text = replace_value(text, ("images", index, key), value)
    except GitopsError as error:
        raise GitopsError(f"overlays/{file.parent.name}: {error}") from None
    return text


def _image_entry(file: Path, image: str) -> tuple[int, Object]:
    images = kustomization(file.parent).get("images")
    for index, each in enumerate(images if isinstance(images, list) else ()):
        if isinstance(each, dict) and each.get("name") == image:
            return index, each
    raise GitopsError(f"overlays/{file.parent.name} has no image {image!r} under images")

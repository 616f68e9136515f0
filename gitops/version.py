"""What moves between environments, and where an environment names it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gitops.errors import GitopsError
from gitops.render import Object, kustomization
from gitops.rules import DIGEST, TAG


@dataclass(frozen=True)
class Version:
    """A tag for people, a digest for machines."""

    tag: str
    digest: str

    def __str__(self) -> str:
        """Return both, shortened."""
        return f"{self.tag}@{self.digest[:19]}"


def overlay(root: Path, name: str) -> Path:
    """Return the page of an environment."""
    return root / "overlays" / name / "kustomization.yaml"


def entry_of(page: Path, image: str) -> tuple[int, Object]:
    """Return an image's entry on the page of an environment, and where it stands."""
    for place, each in enumerate(kustomization(page.parent).get("images") or ()):
        if each.get("name") == image:
            return place, each
    raise GitopsError(f"overlays/{page.parent.name} names no image {image!r} under images")


def running(root: Path, name: str, image: str) -> Version:
    """Return the version that an environment's overlay names."""
    _, found = entry_of(overlay(root, name), image)
    return Version(str(found.get("newTag")), str(found.get("digest")))


def parsed(text: str) -> Version:
    """Return a version written as TAG@DIGEST."""
    tag, _, digest = text.partition("@")
    if not TAG.fullmatch(tag) or tag == "latest":
        raise GitopsError(
            f"{tag!r} is no tag of a release: give TAG@sha256:…, as `make push` leaves it in build/digest"
        )
    if not DIGEST.fullmatch(digest):
        raise GitopsError(f"{digest or 'nothing'!r} is no digest: give TAG@sha256:… with 64 hexadecimal digits")
    return Version(tag, digest)

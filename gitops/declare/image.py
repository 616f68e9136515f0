"""The name of an image, as REGISTRY/NAME, or as REGISTRY/NAME:TAG@DIGEST of one that was pushed already."""

from __future__ import annotations

from dataclasses import dataclass

from gitops import fields, release
from gitops.errors import GitopsError
from gitops.release import UNRELEASED, Release


@dataclass(frozen=True)
class Image:
    """Where images are pulled from, and the one that every environment begins with."""

    repository: str
    release: Release | None


def parse(text: str) -> Image:
    """Return an image; refuse with a sentence what no registry takes."""
    name, at, digest = text.partition("@")
    # A colon after the last slash begins a tag, one before it a port.
    host, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    repository = f"{host}{slash}{last}"
    if repository != repository.lower():
        raise GitopsError(
            f"{repository!r} has upper-case letters, which no registry takes: --image {repository.lower()}"
        )
    if not slash:
        raise GitopsError(f"{text!r} names no registry: use REGISTRY/NAME, like ghcr.io/OWNER/{repository or 'NAME'}")
    if "://" in text or not fields.REPOSITORY.fullmatch(repository):
        raise GitopsError(f"{text!r} is not the name of an image: use REGISTRY/NAME, like ghcr.io/owner/score-app")
    if not (colon or at):
        return Image(repository, None)
    if not at:
        raise GitopsError(f"{text!r} has a tag, which may move to another image: add @sha256:…, or leave the tag out")
    return Image(repository, release.parse(f"{tag}@{digest}"))


def first(image: Image) -> Release:
    """Return what each environment names from now on."""
    return image.release or Release("unreleased", UNRELEASED)

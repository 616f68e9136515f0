"""The models that an environment mounts as images of their own: overlays/<environment>/models.yaml."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gitops import text_files
from gitops.errors import GitopsError
from gitops.render.objects import APP
from model.bundle.files import NAME, read, read_signature
from model.oci.image import image_of
from model.user_error import UserError

FILE = "models.yaml"
PLACE = "/app/bundles"
"""Where the image has its bundles: a mounted one takes the place of one of the same name."""
VERSIONS = "MODEL_VERSIONS"
"""The setting that lets the server start only with these versions."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_VERSION = re.compile(r"[0-9a-f]{12}")
_HEADER = """# Written by `python -m gitops release --model NAME@DIGEST`, and by promotions and rollbacks: not by hand.
"""


@dataclass(frozen=True, order=True)
class Mounted:
    """A model by name, the digest of its image, and the version of the bundle in it."""

    name: str
    digest: str
    version: str

    def __str__(self) -> str:
        """Return the name, and a short digest."""
        return f"{self.name}@{self.digest[:19]}"

    def entry(self) -> str:
        """Return what the ledger keeps of it, besides its name."""
        return f"{self.version}@{self.digest}"


def from_entry(name: str, text: str) -> Mounted:
    """Return a model as the ledger has it."""
    version, _, digest = text.partition("@")
    if not (_VERSION.fullmatch(version) and _DIGEST.fullmatch(digest)):
        raise ValueError(text)
    return Mounted(name, digest, version)


def parse(text: str, bundles: Path) -> Mounted:
    """Return the model that is written as NAME@DIGEST, whose image must be that of the bundle in the working tree."""
    name, _, digest = text.partition("@")
    if not NAME.fullmatch(name) or not _DIGEST.fullmatch(digest):
        raise GitopsError(f"{text!r} is not NAME@sha256:… with 64 hexadecimal digits: python -m model push prints it")
    try:
        bundle = read(bundles, name)
        right = image_of(bundle, read_signature(bundles, name)).digest
    except UserError as error:
        raise GitopsError(str(error)) from None
    if right != digest:
        raise GitopsError(
            f"{digest[:19]} is not the image of the bundle {name} here, which is {right}: python -m model push {name} "
            "REGISTRY/NAME"
        )
    return Mounted(name, digest, bundle.manifest.version)


def of_overlay(folder: Path) -> tuple[Mounted, ...]:
    """Return the models that an overlay mounts, sorted by name."""
    page = folder / FILE
    if not page.exists():
        return ()
    try:
        spec = yaml.safe_load(text_files.read(page))["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        places = {each["name"]: each["mountPath"].rpartition("/")[2] for each in container["volumeMounts"]}
        versions = dict(each.split("=") for each in container["env"][0]["value"].split(","))
        digests = {places[each["name"]]: each["image"]["reference"].partition("@")[2] for each in spec["volumes"]}
        return tuple(sorted(from_entry(name, f"{versions[name]}@{digests[name]}") for name in digests))
    except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise GitopsError(
            f"overlays/{folder.name}/{FILE} is not as `python -m gitops release --model` writes it: git log -p "
            f"overlays/{folder.name}/{FILE} shows its history"
        ) from None


def text(models: Iterable[Mounted], image_repository: str) -> str:
    """Return the patch that mounts these models."""
    found = sorted(models)
    container = {
        "name": APP,
        "env": [{"name": VERSIONS, "value": version_list(found)}],
        "volumeMounts": [
            {"name": _volume(each.name), "mountPath": f"{PLACE}/{each.name}", "readOnly": True} for each in found
        ],
    }
    volumes = [
        {
            "name": _volume(each.name),
            "image": {"reference": f"{image_repository}-{each.name}@{each.digest}", "pullPolicy": "IfNotPresent"},
        }
        for each in found
    ]
    patch: dict[str, Any] = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": APP},
        "spec": {"template": {"spec": {"containers": [container], "volumes": volumes}}},
    }
    return _HEADER + yaml.safe_dump(patch, sort_keys=False, width=10_000)


def version_list(models: Iterable[Mounted]) -> str:
    """Return the versions of models as the setting has them."""
    return ",".join(f"{each.name}={each.version}" for each in models)


def _volume(name: str) -> str:
    """Return the name of a volume, which may have 63 letters."""
    return f"model-{name}" if len(name) <= 57 else f"model-{name[:48]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"

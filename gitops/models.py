"""Which models an image holds: the ledger says their versions, git's history has their manifests."""

from __future__ import annotations

from pathlib import Path

from api.settings import SettingsError, from_environment
from gitops.errors import GitopsError
from gitops.render import Object, settings_of
from gitops.repo import Repo
from model.bundle.files import MANIFEST, BundleError, manifest_from, names, read
from model.bundle.manifest import Manifest

BUNDLES = Path("model") / "bundles"


def packed(root: Path) -> dict[str, str]:
    """Return the version of each bundle that an image built from here would hold."""
    if not (root / BUNDLES).is_dir():
        return {}
    try:
        return {name: read(root / BUNDLES, name).manifest.version for name in names(root / BUNDLES)}
    except BundleError as error:
        raise GitopsError(str(error)) from None


def served(objects: list[Object]) -> tuple[str, ...]:
    """Return the names of the models that an environment's settings name."""
    try:
        return from_environment({key: value or "" for key, value in settings_of(objects).items()}).model
    except SettingsError as error:
        raise GitopsError(str(error)) from None


def manifests(repo: Repo, versions: dict[str, str], wanted: tuple[str, ...]) -> list[Manifest]:
    """Return the manifests of these models as an image holds them, though newer ones may lie here by now."""
    if missing := [name for name in wanted if name not in versions]:
        raise GitopsError(f"the image holds no bundle {missing[0]!r}; it holds {', '.join(versions) or 'none'}")
    return [_manifest(repo, name, versions[name]) for name in wanted]


def _manifest(repo: Repo, name: str, version: str) -> Manifest:
    page = BUNDLES / name / MANIFEST
    for commit in repo.git("log", "--format=%H", "--", str(page)).split():
        try:
            found = manifest_from(name, repo.git("show", f"{commit}:{page}", check=False).encode())
        except BundleError:
            continue
        if found.version == version:
            return found
    raise GitopsError(f"{page} was never of version {version}, which the ledger names")

"""Which models an image contains: the ledger has their versions, and the history of git their manifests."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from api.settings import Settings, SettingsError, from_environment
from gitops.errors import GitopsError
from gitops.ledger import State
from gitops.release import Release
from gitops.render.objects import Object, settings_of
from gitops.repository import Repository
from model.bundle.files import MANIFEST, manifest_from, names, read
from model.bundle.manifest import Manifest
from model.user_error import UserError

IN_CLUSTER = ("API_KEYS_FILE", "MODEL_KEYS")
"""Settings that name what only a pod has."""
BUNDLES = Path("model") / "bundles"


def in_image(root: Path, states: Iterable[State], digest: str) -> dict[str, str]:
    """Return the versions of the models in an image: from the ledgers, else those of the working tree."""
    recorded = (state.models[digest] for state in states if digest in state.models)
    return next(recorded, None) or in_working_tree(root)


def in_release(root: Path, states: Iterable[State], release: Release) -> dict[str, str]:
    """Return the versions of the models in a release: those in its image, but for those that are mounted."""
    return in_image(root, states, release.digest) | {each.name: each.version for each in release.models}


def in_working_tree(root: Path) -> dict[str, str]:
    """Return the version of each bundle that an image built from the working tree contains."""
    if not (root / BUNDLES).is_dir():
        return {}
    try:
        return {name: read(root / BUNDLES, name).manifest.version for name in names(root / BUNDLES)}
    except UserError as error:
        raise GitopsError(str(error)) from None


def served(objects: list[Object]) -> tuple[str, ...]:
    """Return the names of the models that an environment serves."""
    # Other settings may name files that only a pod has.
    named = {key: value or "" for key, value in settings_of(objects).items() if key == "MODEL"}
    try:
        return from_environment(named).model
    except SettingsError as error:
        raise GitopsError(str(error)) from None


def service_settings(objects: list[Object]) -> Settings:
    """Return an environment's settings as the service reads them, or raise a SettingsError; keys are in the cluster."""
    found = {key: value for key, value in settings_of(objects).items() if value is not None and key not in IN_CLUSTER}
    return from_environment(found)


def bundle_manifests(repository: Repository, versions: dict[str, str], wanted: tuple[str, ...]) -> list[Manifest]:
    """Return the manifests of these models at these versions, from the history of git."""
    if missing := [name for name in wanted if name not in versions]:
        raise GitopsError(f"the image has no bundle {missing[0]!r}; it has {', '.join(versions) or 'none'}")
    return [_manifest(repository, name, versions[name]) for name in wanted]


def folders_with(repository: Repository, name: str, version: str) -> Iterator[Path]:
    """Yield each bundles' folder with this version of a model: the working tree's, then those of commits."""
    folder = repository.root / BUNDLES
    if _is_version(name, version, folder / name / MANIFEST):
        yield folder
    place = BUNDLES / name
    for commit in repository.git("log", "--format=%H", "HEAD", "--", str(place), check=False).split():
        with TemporaryDirectory(prefix="gitops-") as scratch:
            _extract(repository, commit, place, Path(scratch))
            if _is_version(name, version, Path(scratch) / name / MANIFEST):
                yield Path(scratch)


def _is_version(name: str, version: str, page: Path) -> bool:
    try:
        return manifest_from(name, page.read_bytes()).version == version
    except (UserError, OSError):
        return False


def _extract(repository: Repository, commit: str, place: Path, folder: Path) -> None:
    """Write the plain files of a bundle as a commit has them."""
    archive, target = folder / "bundle.tar", folder / place.name
    repository.git("archive", "--format=tar", f"--output={archive}", commit, "--", str(place), check=False)
    target.mkdir()
    if not archive.exists():
        # The commit removed it.
        return
    with tarfile.open(archive) as found:
        for member in found:
            if member.isfile() and (content := found.extractfile(member)):
                (target / Path(member.name).name).write_bytes(content.read())


def _manifest(repository: Repository, name: str, version: str) -> Manifest:
    file = BUNDLES / name / MANIFEST
    for commit in repository.git("log", "--format=%H", "HEAD", "--", str(file)).split():
        try:
            found = manifest_from(name, repository.git("show", f"{commit}:{file}", check=False).encode())
        except UserError:
            continue
        if found.version == version:
            return found
    if repository.is_shallow:
        raise GitopsError(f"{file} had the version {version} before this shallow clone begins: git fetch --unshallow")
    raise GitopsError(f"{file} never had the version {version}, which the ledger names")

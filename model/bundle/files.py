"""A bundle on disk: a folder with manifest.json, model.joblib, and what was proven of model.onnx, model.compact.json.

A model that needs them has code.zip, its own modules, and requirements.txt, the libraries that it asks for. Beside
them may be model.sig, a signature over all of them. The manifest names the sha256 of each file and its own
version is a digest over all of it, so what was reviewed is what is loaded. Every file is read once, checked, and
used from memory: nothing can change in between.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from model.bundle.consistency import contradiction
from model.bundle.manifest import FORMAT, PROOF, Manifest, readable
from model.user_error import UserError

MANIFEST, PICKLE, ONNX, COMPACT = "manifest.json", "model.joblib", "model.onnx", "model.compact.json"
CODE, REQUIREMENTS = "code.zip", "requirements.txt"
FILES = (PICKLE, ONNX, COMPACT, CODE, REQUIREMENTS)
SIGNATURE, LARGEST_SIGNATURE = "model.sig", 64 << 10
"""The signature's file, and how many bytes it may have: one over four files has 2,000."""
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SOURCES = Path(__file__).parents[2]
DEFAULT_ROOT = _SOURCES / "model" / "bundles" if (_SOURCES / "pyproject.toml").is_file() else Path("bundles")
"""The repository's own folder; where only the package is installed, `bundles` in the current folder."""


class BundleError(UserError):
    """A bundle that must not be served, in one sentence."""


@dataclass(frozen=True)
class Bundle:
    """A bundle that was read and whose files are what its manifest says."""

    manifest: Manifest
    files: Mapping[str, bytes]
    manifest_text: bytes = b""
    """The manifest as it is in its file; empty for a bundle that was never in one."""


def root() -> Path:
    """Return the bundles' folder: BUNDLES, else the one of this repository."""
    return Path(os.environ.get("BUNDLES") or DEFAULT_ROOT)


def names(folder: Path) -> list[str]:
    """List the bundles in a folder, by name."""
    if not folder.is_dir():
        raise BundleError(f"there is no bundles' folder {folder}")
    return sorted(entry.name for entry in folder.iterdir() if NAME.fullmatch(entry.name) and _is_folder(entry))


def read(folder: Path, name: str) -> Bundle:
    """Read one bundle and check every digest; raise a BundleError with what is wrong."""
    if not NAME.fullmatch(name):
        raise BundleError(f"{name!r} is not a bundle's name: lower-case letters, digits and dashes, at most 63")
    place = folder / name
    if not _is_folder(place):
        known = ", ".join(names(folder)) or "none"
        raise BundleError(f"there is no bundle {name!r} in {folder} (there: {known})")
    text = content(place, MANIFEST)
    manifest = manifest_from(name, text)
    files = {}
    for file, digest in manifest.files.items():
        if file not in FILES:
            raise BundleError(f"{name}: the manifest names {file!r}, which is no file of a bundle")
        files[file] = content(place, file)
        if hashlib.sha256(files[file]).hexdigest() != digest:
            raise BundleError(f"{name}: {file} is not the file that was packed (its sha256 differs)")
    needed = {"onnx": ONNX, "compact": COMPACT, "sklearn": PICKLE}[manifest.runtime]
    if needed not in files:
        raise BundleError(f"{name}: the manifest says runtime {manifest.runtime} but names no {needed}")
    return Bundle(manifest, files, text)


def read_signature(folder: Path, name: str) -> bytes | None:
    """Return the signature of a bundle, or None if it has none."""
    place = folder / name
    if not os.path.lexists(place / SIGNATURE):
        return None
    found = content(place, SIGNATURE, LARGEST_SIGNATURE + 1)
    if len(found) > LARGEST_SIGNATURE:
        raise BundleError(f"{name}: {SIGNATURE} has more than {LARGEST_SIGNATURE >> 10} KiB, so it is no signature")
    return found


def foreign_file(folder: Path, bundle: Bundle) -> str | None:
    """Return the first thing in a bundle's folder that is neither a file of the bundle nor its signature."""
    own, place = {MANIFEST, SIGNATURE, *bundle.files}, folder / bundle.manifest.name
    try:
        return min((each.name for each in place.iterdir() if each.name not in own), default=None)
    except OSError as error:
        raise BundleError(f"{place} cannot be listed: {error.strerror}") from None


def _is_folder(place: Path) -> bool:
    """Tell whether a folder is here, and not a link to one."""
    return place.is_dir() and not place.is_symlink()


def manifest_from(name: str, content: bytes) -> Manifest:
    """Return a bundle's manifest, proven to be the one that was packed."""
    _require_current(name, content)
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"{name}: {MANIFEST} is not a bundle's manifest: {error}") from None
    if manifest.name != name:
        raise BundleError(f"{name}: the manifest belongs to a bundle named {manifest.name!r}")
    if manifest.version != manifest.digest()[:12]:
        raise BundleError(f"{name}: {MANIFEST} was changed after packing (it is not version {manifest.version})")
    if found := contradiction(manifest):
        raise BundleError(f"{name}: {MANIFEST} contradicts itself: {found[:200]}")
    return manifest


def _require_current(name: str, content: bytes) -> None:
    """Refuse a manifest of another format, or a bundle whose proof was weaker than today's."""
    try:
        head = msgspec.json.decode(content, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"{name}: {MANIFEST} is not a bundle's manifest: {error}") from None
    if (head.format, head.proof) != (FORMAT, PROOF):
        raise BundleError(
            f"{name}: was packed with format {head.format} and proof {head.proof}, this program needs {FORMAT} and "
            f"{PROOF}: pack it again, with `python -m model add FILE --data DATA --name {name} --replace` "
            f"or, for a sample, `python -m model train {name}`"
        )


class _Head(msgspec.Struct):
    """What is read of a manifest before anything else."""

    format: int
    proof: int = 1


def content(place: Path, file: str, most: int = -1) -> bytes:
    """Read a file of a bundle, or its first bytes; never through a link, and never anything but a plain file."""
    path = place / file
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise BundleError(f"{place.name}: {file} is missing") from None
    except OSError as error:
        reason = "is a link, which a bundle may not hold" if path.is_symlink() else f"cannot be read ({error.strerror})"
        raise BundleError(f"{place.name}: {file} {reason}") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise BundleError(f"{place.name}: {file} is not a plain file")
    with os.fdopen(handle, "rb") as stream:
        return stream.read(most)


def write(folder: Path, manifest: Manifest, files: Mapping[str, bytes], *, replace: bool = False) -> Manifest:
    """Write a bundle beside its place, read it back, then rename it in: it is there whole or not at all."""
    place = free(folder, manifest.name, replace=replace)
    if foreign := set(files).difference(FILES):
        raise BundleError(f"{manifest.name}: {min(foreign)!r} is no file of a bundle")
    digests = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    manifest = msgspec.structs.replace(manifest, files=digests).stamped()
    try:
        return _written(folder, place, manifest, files)
    except OSError as error:
        raise BundleError(
            f"{manifest.name}: cannot be written to {folder}: {error.strerror}; nothing is left of it"
        ) from None


def _written(folder: Path, place: Path, manifest: Manifest, files: Mapping[str, bytes]) -> Manifest:
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{manifest.name}.", dir=folder, ignore_cleanup_errors=True) as scratch:
        fresh = Path(scratch) / manifest.name
        fresh.mkdir()
        for file, content in {**files, MANIFEST: readable(manifest)}.items():
            (fresh / file).write_bytes(content)
        # JSON has no NaN: a manifest that holds one would be written, and refused when the bundle is served.
        read(fresh.parent, fresh.name)
        if place.exists():
            _exchange(fresh, place, Path(f"{scratch}.old"))
        else:
            fresh.rename(place)
    return manifest


def _exchange(fresh: Path, place: Path, old: Path) -> None:
    """Put a new folder in the place of an old one; no system call swaps two on every file system.

    Killed between the two renames, the old bundle is kept under its hidden name; whatever else happens puts it back.
    """
    try:
        place.rename(old)
        fresh.rename(place)
    finally:
        if place.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(place)


def free(folder: Path, name: str, *, replace: bool) -> Path:
    """Return where a bundle of this name goes, unless the name is wrong or taken."""
    if not NAME.fullmatch(name):
        raise BundleError(f"{name!r} is not a bundle's name: lower-case letters, digits and dashes, at most 63")
    place = folder / name
    if os.path.lexists(place) and not (replace and _is_folder(place)):
        raise BundleError(f"the name {name!r} is taken; --replace overwrites it, --name gives another")
    return place

"""Kustomize in tests: it is asked once for each input, as the same files always give the same text."""

import hashlib
import os
from pathlib import Path

from gitops import process

BUILDS = (("kustomize", "build"), ("kubectl", "kustomize"))
FOLDERS = ("base", "components", "overlays")
"""What an overlay is rendered from."""
_KNOWN = {}
_run = process.run


def run(*command, **more):
    """Run a program as gitops does; what is known already of an overlay with the same files is not rendered again."""
    folder = Path(command[-1])
    if command[:-1] not in BUILDS or folder.parent.name != "overlays":
        return _run(*command, **more)
    key = (os.environ["PATH"], folder.name, _digest(folder.parents[1]))
    if key not in _KNOWN:
        done = _run(*command, **more)
        if done.returncode:
            return done
        _KNOWN[key] = done
    return _KNOWN[key]


def _digest(tree):
    """Return a digest of all names and contents that a render may depend on."""
    found = hashlib.sha256()
    for place, folders, names in (each for top in FOLDERS for each in os.walk(tree / top)):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            content = path.read_bytes() if path.is_file() else b""
            found.update(f"{path.relative_to(tree)}\0{len(content)}\0".encode(errors="surrogateescape") + content)
        for name in (each for each in folders if Path(place, each).is_symlink()):
            found.update(f"{name}\0{Path(place, name).readlink()}\0".encode(errors="surrogateescape"))
    return found.digest()

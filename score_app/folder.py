"""Where bundles are kept."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from model.bundle.files import root

Folder = str | PathLike[str] | None


def folder_of(bundles: Folder) -> Path:
    """Return the folder that was given, else BUNDLES, else the default one."""
    return root() if bundles is None else Path(bundles)

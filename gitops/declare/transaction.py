"""Make a change in a copy of the tree, generate what follows from it, check it, and write it back."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from gitops.check import check
from gitops.errors import GitopsError
from gitops.generate.generated_files import generate
from gitops.repository import Repository
from gitops.text_files import content

PARTS = (
    ".github", "README.md", "base", "clusters", "components", "docs", "environments.yaml", "kustomization.yaml",
    "overlays", "promotions", "rendered",
)  # fmt: skip


def apply_atomically(root: Path, change: Callable[[Path], None]) -> list[Path]:
    """Make a change and return the files that it wrote or removed; refuse it if it breaks a rule."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch)
        for part in PARTS:
            _copy(root / part, copy / part)
        change(copy)
        history = Repository(root.resolve())
        generate(copy, history)
        if (problems := check(copy, history).problems) and (broken := sorted({*problems} - {*check(root).problems})):
            raise GitopsError(f"nothing was changed, because it would break a rule: {broken[0]}")
        return _write_back(copy, root)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    elif source.exists():
        shutil.copy(source, target)


def _write_back(copy: Path, root: Path) -> list[Path]:
    new, old = _files(copy), _files(root)
    written = [path for path in sorted(new) if path not in old or content(copy / path) != content(root / path)]
    for path in written:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content(copy / path))
    removed = sorted(old - new)
    for path in removed:
        (root / path).unlink()
        if not any((root / path).parent.iterdir()):
            (root / path).parent.rmdir()
    return written + removed


def _files(root: Path) -> set[Path]:
    """Return the files of the parts; a link is what it was."""
    parts = (path for part in PARTS for path in ((root / part), *(root / part).rglob("*")))
    return {path.relative_to(root) for path in parts if path.is_file() and not path.is_symlink()}

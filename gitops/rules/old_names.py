"""Rules about who owns the tree: an image and a repository are named, and nothing names an earlier owner."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from gitops import placeholder
from gitops.environments import Environments
from gitops.text_files import read

TEXTS = (
    ".github/*", ".github/*/*", "README.md", "base/*.yaml", "clusters/**/*", "components/**/*.yaml", "docs/*.md",
    "overlays/**/*.yaml",
)  # fmt: skip
"""Where a name may stand; generated files are among them."""


def find_old_names(root: Path, environments: Environments) -> Iterator[str]:
    """Yield what is still to be named, or the files that name an earlier owner."""
    if found := placeholder.problem(environments):
        yield found
        return
    for path in texts(root):
        text = read(path)
        for former in environments.former_names:
            if pattern(former).search(text):
                yield f"{path.relative_to(root)} names {former}, which this was before: write your own name there"


def texts(root: Path) -> list[Path]:
    """Return the files in which a name may stand."""
    return sorted({path for each in TEXTS for path in root.glob(each) if path.is_file()})


def pattern(name: str) -> re.Pattern[str]:
    """Return what finds a name, and no longer one that contains it."""
    return re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")

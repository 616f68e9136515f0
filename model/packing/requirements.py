"""Libraries that a model asks for: resolved to hashes that its bundle keeps, and installed by them."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from model.errors import shorten
from model.packing.data import PackError

_LOCK = Path(__file__).parents[2] / "locks" / "full.txt"
_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
_RESOLVE = (
    "pip", "compile", "--quiet", "--universal", "--fork-strategy", "fewest", "--python-version", "3.11",
    "--generate-hashes", "--no-emit-index-url", "--no-annotate", "--no-header", "-",
)  # fmt: skip


def resolve(wanted: Sequence[str]) -> bytes:
    """Return the requirements with everything they need beside what the full image has, pinned with hashes."""
    base = dict(_PINNED.findall(_LOCK.read_text(encoding="utf-8"))) if _LOCK.is_file() else {}
    own = {normal(re.split(r"[^\w.-]", each.strip(), maxsplit=1)[0]) for each in wanted}
    kept = {name: version for name, version in base.items() if normal(name) not in own}
    with TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text("".join(f"{name}=={version}\n" for name, version in kept.items()), encoding="utf-8")
        leave = [part for name in kept for part in ("--no-emit-package", name)]
        done = _uv(wanted, *_RESOLVE, "--constraint", str(constraints), *leave, given="\n".join(wanted))
    return done.encode()


def install(wanted: Sequence[str], content: bytes) -> None:
    """Install resolved requirements where this program runs."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "requirements.txt"
        file.write_bytes(content)
        options = ("--quiet", "--python", sys.executable, "--no-deps", "--require-hashes", "-r", str(file))
        _uv(wanted, "pip", "install", *options)
    importlib.invalidate_caches()


def pinned(content: bytes) -> list[str]:
    """Return the names of the packages in a file of requirements."""
    return [normal(name) for name, _ in _PINNED.findall(content.decode())]


def normal(name: str) -> str:
    """Return a package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _uv(wanted: Sequence[str], *arguments: str, given: str = "") -> str:
    command = [sys.executable, "-m", "uv", *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        why = " ".join(done.stderr.split()) or "it cannot be resolved"
        lacks = "No module named uv" in why
        why = "uv is not installed, which resolves it: pip install uv" if lacks else shorten(why, 300)
        raise PackError(f"--requires {' '.join(wanted)}: {why}")
    return done.stdout

"""The order in which a version moves, from promotions/stages.yaml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gitops.errors import GitopsError

FILE = Path("promotions") / "stages.yaml"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Stage:
    """One environment on the way, and what it demands of the one before."""

    name: str
    soak: int = 0
    """Seconds for which the stage before must have been verified."""
    own: tuple[str, ...] = ()
    """Settings that are this stage's alone; every other one that it has, the next must have as well."""


@dataclass(frozen=True)
class Stages:
    """All stages in their order."""

    image: str
    branch: str
    stages: tuple[Stage, ...]

    @property
    def names(self) -> list[str]:
        """Return the stages' names in order."""
        return [stage.name for stage in self.stages]

    def place(self, name: str) -> int:
        """Return where a stage stands in the order."""
        if name not in self.names:
            raise GitopsError(f"there is no stage {name!r}; there are {', '.join(self.names)}")
        return self.names.index(name)


def load(root: Path) -> Stages:
    """Read the stages of a repository."""
    path = root / FILE
    try:
        found = yaml.safe_load(path.read_text())
        stages = tuple(_stage(each) for each in found["stages"])
        return Stages(str(found["image"]), str(found.get("branch", "main")), stages)
    except OSError as error:
        raise GitopsError(
            f"{path}: cannot be read ({error.strerror}); run this in the repository, or say --root"
        ) from None
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise GitopsError(f"{FILE}: {' '.join(str(error).split())}") from None


def _stage(found: dict[str, Any]) -> Stage:
    if unknown := set(found) - {"name", "soak", "own"}:
        raise ValueError(f"a stage has no {min(unknown)}")
    own = tuple(map(str, found.get("own") or ()))
    return Stage(str(found["name"]), seconds(str(found.get("soak", "0s"))), own)


def seconds(text: str) -> int:
    """Return a time like 30m in seconds."""
    match = re.fullmatch(r"(\d+)([smhd])", text)
    if match is None:
        raise ValueError(f"{text!r} is no time like 30m")
    return int(match[1]) * _UNITS[match[2]]

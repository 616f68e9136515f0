"""A planned change: the files of one commit, and what its message and the ledger say of a release."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from gitops import ledger
from gitops.escaping import visible
from gitops.release import Release
from gitops.render.diff import Change


@dataclass
class Plan:
    """A change that passed every check and is not committed yet."""

    environment: str
    files: dict[Path, str | None]
    """The new text of each file; None for one that goes."""
    changes: list[Change]
    subject: str
    trailers: dict[str, str] = field(default_factory=dict)
    depends: list[Path] = field(default_factory=list)
    """What the plan was made from, besides its own files: if it changes meanwhile, somebody has to look again."""

    @property
    def environments_read(self) -> list[str]:
        """Return the environments whose records it was made from."""
        ledgers = [each for each in (*self.files, *self.depends) if each.suffix == ledger.SUFFIX]
        return [each.stem for each in ledgers]

    @property
    def branch(self) -> str:
        """Return the name of a branch for this change alone."""
        # Git refuses two dots in a row, and the end .lock.
        name = re.sub(r"[^a-z0-9.]+|\.{2,}|\.(?=lock$)", "-", self.subject.lower())
        return name.strip("-.")


@dataclass(frozen=True)
class Overrides:
    """The reasons for letting a release in that a check would refuse."""

    forced: str = ""
    """Why it is released although it was rolled back."""
    unverified: str = ""
    """Why it is promoted although it was not verified."""

    def facts(self) -> dict[str, str]:
        """Return what the ledger keeps of it."""
        return {key: value for key, value in vars(self).items() if value}


def ledger_fields(release: Release, without: Release | None = None) -> dict[str, Any]:
    """Return what the ledger keeps of a release, or of what another one lacks of it."""
    known = without.id if without else frozenset()
    found: dict[str, Any] = {"tag": release.tag, "digest": release.digest} if release.digest not in known else {}
    found |= {"commit": release.commit} if release.commit not in known else {}
    mounts = {each.name: each.entry() for each in release.models if each.digest not in known}
    return found | ({"mounted": mounts} if mounts else {})


def release_summary(was: Release, now: Release) -> str:
    """Return what a release changes, in a few words."""
    new = [now.tag] if now.image != was.image else []
    new += [f"{each.name} {each.version}" for each in now.models if each not in was.models]
    new += [f"without {each.name}" for each in was.models if each.name not in {found.name for found in now.models}]
    return ", ".join(new) or f"manifests of {now.commit[:12]}"


def trailers(entry: dict[str, Any], served: dict[str, str | None]) -> dict[str, str]:
    """Return the trailers of the commit that sets a release, by its entry in the ledger."""
    found = {"Promoted-From": entry["from"]} if "from" in entry else {}
    found |= {"Image-Digest": entry["digest"], "Manifests": entry["commit"]}
    if "mounted" in entry:
        found["Model-Digest"] = ", ".join(f"{name} {text.partition('@')[2]}" for name, text in entry["mounted"].items())
    found["Change-Id"] = uuid4().hex
    if known := [f"{name} {version}" for name, version in served.items() if version]:
        found["Model"] = visible(", ".join(known))
    return found

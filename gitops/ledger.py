"""The ledger of each environment: one line of JSON for each event, appended in the commit that caused it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gitops.errors import GitopsError

Entry = dict[str, Any]
_RELEASE = ("tag", "digest")
_REQUIRED = {
    "release": _RELEASE, "promote": _RELEASE, "rollback": _RELEASE, "verify": _RELEASE,
    "hold": (*_RELEASE, "reason"), "freeze": ("reason",),
}  # fmt: skip
"""The fields that an entry must have besides its time."""


@dataclass
class State:
    """What the entries of one environment add up to."""

    current: Entry | None = None
    """The entry that set the current release."""
    verified: dict[str, str] = field(default_factory=dict)
    """When each image digest was verified, since it was set last."""
    verifications: list[Entry] = field(default_factory=list)
    """The entries of successful verifications, oldest first."""
    held: dict[str, str] = field(default_factory=dict)
    """Image digests that were rolled back, and why."""
    models: dict[str, dict[str, str]] = field(default_factory=dict)
    """The models in each image, with their versions."""
    frozen: str = ""
    """Why no release may be set now; empty if one may."""

    def verified_for(self, digest: str, now: datetime) -> float | None:
        """Return for how many seconds this image has been verified; None if it has not."""
        since = self.verified.get(digest)
        return None if since is None else (now - datetime.fromisoformat(since)).total_seconds()


def path(root: Path, environment: str) -> Path:
    """Return the file of an environment's ledger."""
    return root / "promotions" / f"{environment}.jsonl"


def states(root: Path, environments: list[str]) -> dict[str, State]:
    """Return the state of each environment."""
    return {name: state(read(root, name)) for name in environments}


def read(root: Path, environment: str) -> list[Entry]:
    """Return the entries of an environment."""
    try:
        lines = path(root, environment).read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    return [_entry(environment, number, line) for number, line in enumerate(lines, 1) if line]


def _entry(environment: str, number: int, line: str) -> Entry:
    try:
        found: Entry = json.loads(line)
        complete = all(field in found for field in ("time", *_REQUIRED.get(found["action"], ())))
    except (ValueError, KeyError, TypeError):
        complete = False
    if not complete:
        file = f"promotions/{environment}.jsonl"
        raise GitopsError(f"{file}: line {number} is not a complete entry: git log -p {file} shows its history")
    return found


def state(entries: Iterable[Entry]) -> State:
    """Return what the entries add up to."""
    found = State()
    for entry in entries:
        digest = entry.get("digest", "")
        if "models" in entry:
            found.models[digest] = entry["models"]
        match entry["action"]:
            case "release" | "promote" | "rollback":
                found.current = entry
                found.verified.pop(digest, None)
                found.held.pop(digest, None)
            case "verify":
                if found.current is None or found.current["digest"] == digest:
                    found.verified.setdefault(digest, entry["time"])
                    found.verifications.append(entry)
            case "hold":
                found.held[digest] = entry["reason"]
            case "freeze":
                found.frozen = entry["reason"]
            case "unfreeze":
                found.frozen = ""
    return found


def append(root: Path, environment: str, action: str, actor: str, **facts: Any) -> str:
    """Return the text of an environment's ledger with one more entry."""
    file = path(root, environment)
    text = file.read_text() if file.exists() else ""
    if text and not text.endswith("\n"):
        text += "\n"
    return text + line(action, actor, **facts)


def line(action: str, actor: str, **facts: Any) -> str:
    """Return one entry as a line."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"time": now, "action": action, "actor": actor, **facts}) + "\n"

"""What happened to each environment, a line of JSON each, appended in the commit that did it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gitops.errors import GitopsError

Entry = dict[str, Any]
_VERSION = ("tag", "digest")
_NEEDED = {
    "release": _VERSION, "promote": _VERSION, "rollback": _VERSION, "verify": _VERSION,
    "held": (*_VERSION, "reason"), "hold": ("reason",),
}  # fmt: skip
"""What an entry must hold beside its time."""


@dataclass
class State:
    """What the ledger of one environment adds up to."""

    runs: Entry | None = None
    """The entry that brought what runs now."""
    verified: dict[str, str] = field(default_factory=dict)
    """When each digest was verified, since it last came."""
    good: list[Entry] = field(default_factory=list)
    """The entries that verified something, oldest first."""
    held: dict[str, str] = field(default_factory=dict)
    """Digests that were rolled back, and why."""
    models: dict[str, dict[str, str]] = field(default_factory=dict)
    """The models that each image holds, with their versions."""
    hold: str = ""
    """Why nothing may come here now."""

    def verified_for(self, digest: str, now: datetime) -> float | None:
        """Return for how many seconds this very image has been verified, if it has."""
        since = self.verified.get(digest)
        return None if since is None else (now - datetime.fromisoformat(since)).total_seconds()


def path(root: Path, environment: str) -> Path:
    """Return where an environment's ledger is."""
    return root / "promotions" / f"{environment}.jsonl"


def read(root: Path, environment: str) -> list[Entry]:
    """Return an environment's entries."""
    try:
        lines = path(root, environment).read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    return [_entry(environment, number, line) for number, line in enumerate(lines, 1) if line]


def _entry(environment: str, number: int, line: str) -> Entry:
    try:
        found: Entry = json.loads(line)
        whole = all(field in found for field in ("time", *_NEEDED.get(found["action"], ())))
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        page = f"promotions/{environment}.jsonl"
        raise GitopsError(f"{page}: line {number} is no entry, or half of one: git log -p {page} shows what it was")
    return found


def state(entries: Iterable[Entry]) -> State:
    """Add entries up."""
    found = State()
    for entry in entries:
        digest = entry.get("digest", "")
        if "models" in entry:
            found.models[digest] = entry["models"]
        match entry["action"]:
            case "release" | "promote" | "rollback":
                found.runs = entry
                found.verified.pop(digest, None)
                found.held.pop(digest, None)
            case "verify":
                if found.runs is None or found.runs["digest"] == digest:
                    found.verified.setdefault(digest, entry["time"])
                    found.good.append(entry)
            case "held":
                found.held[digest] = entry["reason"]
            case "hold":
                found.hold = entry["reason"]
            case "unhold":
                found.hold = ""
    return found


def line(action: str, actor: str, **facts: Any) -> str:
    """Return one entry as a line."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"time": now, "action": action, "actor": actor, **facts}) + "\n"

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
        lines = path(root, environment).read_text().splitlines()
    except FileNotFoundError:
        return []
    try:
        return [json.loads(line) for line in lines if line]
    except ValueError as error:
        raise GitopsError(
            f"promotions/{environment}.jsonl: line is not JSON ({error}): repair it, nothing else writes it"
        ) from None


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

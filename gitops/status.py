"""What each environment runs, and how it came to it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gitops import ledger
from gitops.moves import running
from gitops.stages import Stages


def matrix(root: Path, stages: Stages) -> list[dict[str, Any]]:
    """Return a row for each environment, in the order of the stages."""
    rows = []
    before = None
    for name in stages.names:
        version = running(root, name, stages.image)
        state = ledger.state(ledger.read(root, name))
        verified = state.verified.get(version.digest)
        rows.append(
            {
                "environment": name,
                "tag": version.tag,
                "digest": version.digest,
                "verified": verified,
                "since": state.runs["time"] if state.runs and state.runs["digest"] == version.digest else None,
                "hold": state.hold or None,
                "held": sorted(state.held),
                "behind": before is not None and before != version.digest,
            }
        )
        before = version.digest
    return rows


def age(time: str | None) -> str:
    """Say how long ago something was."""
    if time is None:
        return "-"
    seconds = (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return "now"

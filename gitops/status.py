"""What each environment runs, and whether it was verified."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gitops import ledger, models
from gitops.environments import Environments
from gitops.release import current, overlay
from gitops.render.diff import diff
from gitops.render.kustomize import render
from gitops.render.objects import Object

Row = dict[str, Any]


def rows(root: Path, environments: Environments) -> list[Row]:
    """Return one row for each environment, in their order."""
    states = ledger.states(root, environments.names)
    found: list[Row] = []
    before: list[Object] | None = None
    for name in environments.names:
        release, state = current(root, name, environments.image), states[name]
        objects = render(overlay(root, name).parent)
        versions = models.in_image(root, states.values(), release.digest)
        differs = [] if before is None else [str(each) for each in diff(before, objects) if not each.is_image]
        is_set = state.current is not None and state.current["digest"] == release.digest
        found.append(
            {
                "environment": name,
                "image": environments.image,
                "tag": release.tag,
                "digest": release.digest,
                "released": release.exists,
                "models": {each: versions.get(each) for each in models.served(objects)},
                "verified": state.verified.get(release.digest),
                "since": state.current["time"] if state.current and is_set else None,
                "frozen": state.frozen or None,
                "held": sorted(state.held),
                "behind": bool(found) and found[-1]["digest"] != release.digest,
                "differs": differs,
            }
        )
        before = objects
    return found


def age(time: str | None) -> str:
    """Return how long ago a time was, for people."""
    if time is None:
        return "-"
    seconds = (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return "now"

"""What each environment runs, and how it came to it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gitops.difference import changes
from gitops.models import served
from gitops.moves import Mover, is_image
from gitops.render import Object, render
from gitops.repo import Repo
from gitops.stages import Stages
from gitops.version import overlay, running


def matrix(root: Path, stages: Stages) -> list[dict[str, Any]]:
    """Return a row for each environment, in the order of the stages."""
    mover = Mover(Repo(root.resolve()), stages)
    rows: list[dict[str, Any]] = []
    before: list[Object] | None = None
    for name in stages.names:
        version = running(root, name, stages.image)
        state = mover.states[name]
        objects = render(overlay(root, name).parent)
        models = mover.models(version.digest)
        differs = [] if before is None else [str(each) for each in changes(before, objects) if not is_image(each)]
        rows.append(
            {
                "environment": name,
                "image": stages.image,
                "tag": version.tag,
                "digest": version.digest,
                "models": {each: models.get(each) for each in served(objects)},
                "verified": state.verified.get(version.digest),
                "since": state.runs["time"] if state.runs and state.runs["digest"] == version.digest else None,
                "hold": state.hold or None,
                "held": sorted(state.held),
                "behind": bool(rows) and rows[-1]["digest"] != version.digest,
                "differs": differs,
            }
        )
        before = objects
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

"""What each environment runs, whether it was verified, and what waits to be promoted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gitops import models, rendered_files
from gitops.environments import Environments
from gitops.errors import GitopsError
from gitops.release import Release
from gitops.render.diff import Change, diff
from gitops.render.kustomize import render_text
from gitops.render.objects import Object, parse, settings_of
from gitops.render_sources import LostCommitError, RenderSources

Row = dict[str, Any]


def rows(root: Path, environments: Environments) -> list[Row]:
    """Return one row for each environment, in their order."""
    sources, found = RenderSources(root, environments), list[Row]()
    before: list[Object] | None = None
    for name in environments.names:
        release, state = sources.release(name), sources.states[name]
        objects, stale, lost = _shipped(sources, name)
        versions = models.in_release(root, sources.states.values(), release)
        differs = [] if before is None else [str(each) for each in diff(before, objects) if not each.is_image]
        pending, misfit = _pending(sources, name, objects)
        is_set = state.current is not None and state.current["digest"] == release.digest
        found.append(
            {
                "environment": name,
                "image": environments.image,
                "tag": release.tag,
                "digest": release.digest,
                "released": release.exists,
                "models": {each: versions.get(each) for each in models.served(objects)},
                "mounted": {each.name: each.entry() for each in release.models},
                "manifests": release.commit or sources.base_commit(name) or None,
                "settings": _different(before, objects) if before else [],
                "verified": state.verified.get(release.id),
                "since": state.current["time"] if state.current and is_set else None,
                "frozen": state.frozen or None,
                "unverified": state.unverified or None,
                "held": sorted(state.held),
                "behind": bool(found) and _is_behind(sources, found[-1]["environment"], release),
                "differs": differs,
                "pending": [{"object": each.object, "field": each.field} for each in pending],
                "misfit": misfit,
                "lost": lost,
                "stale": stale,
            }
        )
        before = objects
    return found


def _shipped(sources: RenderSources, name: str) -> tuple[list[Object], bool, str | None]:
    """Return the objects of an environment, whether its overlay was edited since, and why it cannot be rendered."""
    try:
        rendered = render_text(sources.folder(name))
    except LostCommitError as error:
        return rendered_files.objects(sources.root, name), False, str(error)
    edited = not sources.is_first(name) and bool(rendered_files.changes(sources.root, name, rendered))
    return parse(rendered), edited, None


def _is_behind(sources: RenderSources, before: str, release: Release) -> bool:
    """Return whether the environment before has a release that this one has not."""
    there = sources.recorded_release(before)
    if sources.states[before].current is None:
        return there.exists and there.digest != release.digest
    return there.id != release.id


def _different(before: list[Object], objects: list[Object]) -> list[str]:
    """Return the settings that an environment has otherwise than the one before it."""
    one, other = settings_of(before), settings_of(objects)
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))


def _pending(sources: RenderSources, name: str, objects: list[Object]) -> tuple[list[Change], str | None]:
    """Return what base and components of HEAD would change in an environment, or have changed since its release.

    Where its overlay does not fit to both, return why.
    """
    commit = sources.recorded_release(name).commit or sources.base_commit(name)
    if commit in ("", sources.shared_commit(name)) or not sources.has(commit):
        return [], None
    try:
        if sources.is_first(name):
            return diff(sources.render(name, commit), objects), None
        return diff(objects, sources.render(name, "")), None
    except GitopsError as error:
        return [], str(error)


def age(time: str | None) -> str:
    """Return how long ago a time was, for people."""
    if time is None:
        return "-"
    seconds = (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return "now"

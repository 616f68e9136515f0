"""What a release or promotion must satisfy: each check raises one sentence that says what to do instead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from gitops.environments import Environment, Environments
from gitops.errors import GitopsError
from gitops.ledger import State
from gitops.release import Release
from gitops.render.diff import MISSING, Change, diff
from gitops.render.kustomize import render
from gitops.render.objects import Object, settings_of

PRUNED = ("Namespace", "Service", "PersistentVolumeClaim")


def require_next(environments: Environments, source: str, target: str) -> None:
    """Refuse every promotion but the one to the next environment."""
    here, there = environments.index(source), environments.index(target)
    if there < here:
        raise GitopsError(f"{target} comes before {source}: releases only go forward; use rollback {target}")
    if there != here + 1:
        following = environments.names[here + 1 : here + 2]
        if not following:
            raise GitopsError(f"{source} is the last environment")
        raise GitopsError(f"{target} does not follow {source}: promote to {following[0]} first")


def unrecorded(name: str, state: State, release: Release) -> Iterator[str]:
    """Yield what is wrong with an image that is not the one that a command has set last."""
    if state.current is None or state.current["digest"] == release.digest:
        return
    last, action = state.current, state.current["action"]
    command = {"release": f"release {release.tag}@{release.digest}", "promote": f"promote … {name}"}.get(action)
    yield (
        f"overlays/{name}/kustomization.yaml: images names {release}, which no command has set: write newTag "
        f'"{last["tag"]}" and digest {last["digest"]} again, then python -m gitops {command or f"rollback {name}"}'
    )


def require_recorded(name: str, state: State, release: Release) -> None:
    """Refuse to verify an image that was set by hand: nothing could be promoted from it."""
    for problem in unrecorded(name, state, release):
        raise GitopsError(problem)


def require_verified(source: str, state: State, release: Release, soak: int) -> None:
    """Refuse a release that the source has not verified, or not for long enough."""
    since = state.verified_for(release.digest, datetime.now(UTC))
    if since is None:
        raise GitopsError(f"{source} has not verified {release}: run verify {source} first")
    if since < soak:
        raise GitopsError(f"{source} has verified {release} for {since / 60:.0f} of {soak / 60:.0f} min: wait")


def require_open(states: dict[str, State], target: str, release: Release, forced: str) -> None:
    """Refuse a frozen environment, and a release on hold unless it is forced."""
    if reason := states[target].frozen:
        raise GitopsError(f"{target} is frozen ({reason}): unfreeze {target} first")
    for name, state in states.items():
        if (why := state.held.get(release.digest)) and not forced:
            raise GitopsError(f"{release} was rolled back in {name} ({why}): --force-held REASON releases it again")


def require_settings(root: Path, source: Environment, target: str) -> None:
    """Refuse a target without a setting that the release was verified with."""
    has, lacks = (set(settings_of(render(root / "overlays" / each))) for each in (source.name, target))
    if missing := sorted(has - lacks - set(source.own)):
        raise GitopsError(
            f"{target} lacks the setting {missing[0]}, which {source.name} has: set it in overlays/{target}, "
            f"or list it under own of {source.name} in environments.yaml"
        )


def require_image_only(before: list[Object], after: list[Object]) -> list[Change]:
    """Return what a release changes once it is rendered; refuse if that is anything but the image, or nothing."""
    found = diff(before, after)
    for change in found:
        if change.after is MISSING and change.object.split("/")[0] in PRUNED:
            raise GitopsError(f"the change would delete {change.object}: a promotion never does that")
        if not change.is_image:
            raise GitopsError(f"the change reaches further than an image: {change}")
    if not found:
        raise GitopsError("the change changes nothing that is rendered: no container uses this image")
    return found

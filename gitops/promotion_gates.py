"""What a release or promotion must satisfy: each check raises one sentence that says what to do instead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from gitops import rendered_files
from gitops.environments import Environment, Environments
from gitops.errors import GitopsError
from gitops.ledger import Entry, Hold, State, id_of
from gitops.mounted import FILE
from gitops.release import Release, from_entry
from gitops.render.diff import MISSING, WHOLE, Change
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
    """Yield what is wrong with an image or a model that is not the one that a command has set last."""
    if state.current is None:
        return
    last, action = from_entry(state.current), state.current["action"]
    if last.digest != release.digest:
        command = {"release": f"release {release.tag}@{release.digest}", "promote": f"promote … {name}"}.get(action)
        yield (
            f"overlays/{name}/kustomization.yaml: images names {release.image}, which no command has set: write newTag "
            f'"{last.tag}" and digest {last.digest} again, then python -m gitops {command or f"rollback {name}"}'
        )
    elif last.tag != release.tag:
        yield (
            f"overlays/{name}/kustomization.yaml: images names the tag {release.tag} with a digest that was released "
            f'as {last.tag}: write newTag "{last.tag}" again'
        )
    if last.models != release.models:
        yield (
            f"overlays/{name}/{FILE} mounts {', '.join(map(str, release.models)) or 'nothing'}, which no command has "
            f"set: git log -p overlays/{name}/{FILE} shows what it was"
        )


def require_recorded(name: str, state: State, release: Release) -> None:
    """Refuse to verify what no command has released: nothing could be promoted from it."""
    for problem in unrecorded(name, state, release):
        raise GitopsError(problem)
    if not release.commit:
        raise GitopsError(f"{name} has no release: python -m gitops promote gives it one")
    if state.current and state.current["commit"] != release.commit:
        raise GitopsError(
            f"{name} runs base and components of {release.commit[:12]}, and its release has those of "
            f"{state.current['commit'][:12]}: python -m gitops release --manifests"
        )


def require_verified(source: str, state: State, release: Release, soak: int) -> None:
    """Refuse a release that the source has not verified, or not for long enough."""
    since = state.verified_for(release.id, datetime.now(UTC))
    if since is None:
        raise GitopsError(f"{source} has not verified {release}: run verify {source} first")
    if since < soak:
        raise GitopsError(f"{source} has verified {release} for {since / 60:.0f} of {soak / 60:.0f} min: wait")


def require_not_held(states: dict[str, State], target: str, release: Release, forced: str) -> None:
    """Refuse a frozen environment, and a release with a part on hold unless it is forced."""
    if reason := states[target].frozen:
        raise GitopsError(f"{target} is frozen ({reason}): unfreeze {target} first")
    for name, state in states.items():
        for part, what in release.parts.items():
            if (hold := state.held.get(part)) and not forced:
                why = f"rolled back in {name} ({hold.reason})"
                raise GitopsError(f"{what}: {why}; --force-held REASON releases it again")


def withdrawn(environments: Environments, states: dict[str, State], target: str) -> Iterator[str]:
    """Yield why an environment would not get its release now: the commit that set it may have been merged too late."""
    state = states[target]
    if (entry := state.current) is None or entry["action"] == "rollback":
        return
    release, source = from_entry(entry), str(entry.get("from", "")).partition("@")[0]
    is_promotion = entry["action"] == "promote"
    how = "promoted" if is_promotion else "released"
    remedy = f"do not merge this; if it is merged: python -m gitops rollback {target} --reason REASON"
    for name in environments.names[: environments.index(target) + 1] if is_promotion else [target]:
        for part, what in release.parts.items():
            hold = states[name].held.get(part)
            if hold and not _came_before(state, entry, hold):
                yield f"{target}: {what} is {how}, but was rolled back in {name} ({hold.reason}): {remedy}"
    if state.ignored_freeze:
        yield (
            f"{target}: {release} is {how}, but {target} was frozen ({state.ignored_freeze}): {remedy}, or if it is to "
            f"stay: python -m gitops unfreeze {target}"
        )
    known = source not in states or states[source].has_verified(release.id) or release.id in state.verified
    if is_promotion and not (known or "unverified" in entry):
        yield f"{target}: {release} is promoted, but {source} has not verified it: {remedy}"


def _came_before(state: State, entry: Entry, hold: Hold) -> bool:
    """Return whether a hold is no matter of the current release: it was forced in spite of it, or verified before."""
    verified, rolled_back = state.verified.get(id_of(entry)), datetime.fromisoformat(hold.time)
    if "forced" in entry and rolled_back <= datetime.fromisoformat(entry["time"]):
        return True
    return verified is not None and datetime.fromisoformat(verified) <= rolled_back


def require_settings(source: Environment, has: list[Object], target: str, gets: list[Object]) -> None:
    """Refuse a target without a setting that the release was verified with."""
    if missing := sorted(set(settings_of(has)) - set(settings_of(gets)) - set(source.local_settings)):
        raise GitopsError(
            f"{target} lacks the setting {missing[0]}, which {source.name} has: set it in overlays/{target}, "
            f"or list it under local_settings of {source.name} in environments.yaml"
        )


def require_rendered(root: Path, name: str, rendered: str) -> None:
    """Refuse to let an edit of the overlay ride along with a release: it takes effect by a render of its own."""
    if stale := sorted(rendered_files.changes(root, name, rendered)):
        raise GitopsError(
            f"{stale[0]} is not what overlays/{name} renders to: python -m gitops render {name}, then commit what that "
            "changes"
        )


def require_no_deletion(changes: list[Change], *, back: bool = False) -> None:
    """Refuse what would delete data, or an address unless it is the way back, and what Kubernetes never changes."""
    for change in changes:
        kind = change.object.split("/")[0]
        if change.after is MISSING and change.field == WHOLE and kind in PRUNED and not (back and kind == "Service"):
            raise GitopsError(f"the change would delete {change.object}: a promotion never does that")
        if kind == "Deployment" and change.field.startswith("spec.selector"):
            raise GitopsError(f"the change needs another Deployment, as Kubernetes keeps a selector: {change}")


def require_image(changes: list[Change]) -> None:
    """Refuse another image that no container uses."""
    if not any(change.is_image for change in changes):
        raise GitopsError("the change changes nothing that is rendered: no container uses this image")

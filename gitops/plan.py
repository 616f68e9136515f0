"""Plan a release, promotion or rollback: check everything, then compute the files of one commit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from gitops import files, ledger, models, placeholder, policy, rendered_files
from gitops.environments import Environments
from gitops.errors import GitopsError
from gitops.generate import files as generated
from gitops.mounted import FILE, Mounted
from gitops.mounted import text as mount_text
from gitops.release import Release, from_entry, overlay, replaced
from gitops.render.diff import Change, diff
from gitops.render.kustomize import kustomization, render
from gitops.render.objects import Object
from gitops.repository import Repository
from gitops.rules.check import problems
from gitops.rules.kustomization import ORDER
from gitops.rules.overlay import Overlay, load
from gitops.sources import SHARED, Sources
from gitops.text import visible
from gitops.yaml_edit import add_text, remove_entry


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
    def relies_on(self) -> list[str]:
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


class Planner:
    """Plans changes of one repository; None means that there is nothing to do."""

    def __init__(self, repository: Repository, environments: Environments) -> None:
        self.repository, self.environments, self.root = repository, environments, repository.root
        self.sources = Sources(self.root, environments)
        self.states = self.sources.states

    def release(self, image: Release | None, models: Iterable[Mounted], consent: Overrides) -> Plan | None:
        """Plan a release for the first environment: a new image, new models, or only base and components of HEAD."""
        target = self.environments.names[0]
        now = self.sources.release(target)
        mounted = {each.name: each for each in (*now.models, *models)}
        release = replace(image or now, commit=now.commit, models=tuple(sorted(mounted.values())))
        if not release.exists:
            raise GitopsError(f"{target} has no image yet: python -m gitops release TAG@DIGEST")
        if now == release and self._is_recorded(target, release):
            return None
        policy.require_not_held(self.states, target, release, consent.forced)
        return self._set_release("release", target, release, consent)

    def promote(self, source: str, target: str, consent: Overrides) -> Plan | None:
        """Plan to set in the next environment what this one has verified: image, base and components."""
        policy.require_next(self.environments, source, target)
        release, now = self.sources.recorded_release(source), self.sources.release(target)
        if not (release.exists and release.commit):
            raise GitopsError(f"{source} has no release yet")
        if release.id != now.id:
            policy.require_recorded(source, self.states[source], release)
            if not consent.unverified:
                policy.require_verified(source, self.states[source], release, self.environments.get(target).soak)
        gets = render(self.sources.folder(target, release.commit, own=self._own(target, release)))
        has = self._before(source, edited=True)
        policy.require_settings(self.environments.get(source), has, target, gets)
        if now == release:
            return None
        policy.require_not_held(self.states, target, release, consent.forced)
        return self._set_release("promote", target, release, consent, source=source)

    def rollback(self, target: str, reason: str, failed: Release | None = None) -> Plan | None:
        """Plan to restore the previous verified release, and to hold what it lacks of the current one.

        If one is given that has failed, the current one must still be it.
        """
        if failed:
            self._still(target, failed)
        now, state, first = self.sources.release(target), self.states[target], self.sources.is_first(target)
        held = {part for each in self.states.values() for part in each.held}
        verified = map(from_entry, state.verifications)
        # The first environment always has base and components of HEAD.
        earlier = [replace(each, commit=now.commit) if first else each for each in verified]
        good = [each for each in earlier if each.id != now.id and not (each.id - {now.commit}) & held]
        if not good:
            raise GitopsError(self._no_way_back(target, now, first=first))
        restored = good[-1]
        plan = self._set_release("rollback", target, restored, Overrides())
        bad = _facts(now, without=restored)
        file = ledger.path(self.root, target)
        plan.files[file] = ledger.extended(plan.files[file] or "", "hold", self.repository.actor, **bad, reason=reason)
        plan.trailers["Rollback-Of"] = " ".join(sorted(now.id - restored.id))
        return plan

    def _no_way_back(self, target: str, now: Release, *, first: bool) -> str:
        problem = f"{target} has no earlier verified release to roll back to"
        if first:
            return (
                f"{problem} but one with the same image, and its base and components are those of HEAD: git revert "
                f"{now.commit[:12]}, if it is at fault, then push"
                if any(each["digest"] == now.digest for each in self.states[target].verifications)
                else problem
            )
        if (entry := self.states[target].current) is None:
            return problem
        line = f'"time": "{entry["time"]}", "action": "{entry["action"]}"'
        page = str(ledger.path(Path(), target))
        set_by = self.repository.git("log", "-1", "--format=%h", f"-S{line}", "--", page, check=False).strip()
        return f"{problem}: git revert {set_by} takes back what was set last" if set_by else problem

    def freeze(self, target: str, reason: str) -> Plan | None:
        """Plan to let no release into an environment."""
        self.environments.index(target)
        return None if self.states[target].frozen else self._record(target, "freeze", reason=reason)

    def unfreeze(self, target: str) -> Plan | None:
        """Plan to let releases in again."""
        self.environments.index(target)
        return self._record(target, "unfreeze") if self.states[target].frozen else None

    def verify(self, target: str, verified: Release) -> Plan | None:
        """Plan to record that the current release, which must still be this one, was verified, once."""
        release = self._still(target, verified)
        policy.require_recorded(target, self.states[target], release)
        if release.id in self.states[target].verified:
            return None
        return self._record(target, "verify", **_facts(release))

    def _still(self, target: str, release: Release) -> Release:
        if self.sources.release(target) != release:
            raise GitopsError(f"{target} has got another release than {release} meanwhile: verify {target} again")
        return release

    def _is_recorded(self, target: str, release: Release) -> bool:
        entry = self.states[target].current
        return entry is not None and ledger.id_of(entry) == release.id

    def _record(self, target: str, action: str, **facts: Any) -> Plan:
        """Plan one ledger entry and nothing else."""
        subject = f"{action}({self.environments.image}): {target}"
        return Plan(target, {**self._ledger(target, action, facts)}, [], subject, {"Change-Id": uuid4().hex})

    def _ledger(self, target: str, action: str, facts: dict[str, Any]) -> dict[Path, str]:
        text = ledger.append(self.root, target, action, self.repository.actor, **facts)
        return {ledger.path(self.root, target): text}

    def _set_release(self, action: str, target: str, release: Release, consent: Overrides, *, source: str = "") -> Plan:
        placeholder.require_owner(self.environments)
        was, own = self.sources.release(target), self._own(target, release)
        versions = models.in_release(self.root, self.states.values(), release)
        changes, after = self._checked(target, own, release, versions, back=action == "rollback")
        if release.digest != was.digest:
            policy.require_image(changes)
        in_image = models.in_image(self.root, self.states.values(), release.digest)
        entry = _facts(release) | {"was": was.digest} | ({"models": in_image} if in_image else {})
        if source:
            entry["from"] = f"{source}@{self.repository.head[:12]}"
        entry |= consent.facts()
        changed: dict[Path, str | None] = {overlay(self.root, target).parent / name: text for name, text in own.items()}
        changed |= self._ledger(target, action, entry)
        changed |= {
            self.root / path: new for path, new in rendered_files.changes(self.root, target, after.rendered).items()
        }
        changed |= self._derived(after)
        route = f"{source} -> {target}" if source else target
        subject = f"{action}({self.environments.image}): {route} {_news(was, release)}"
        trailers = _trailers(entry, {name: versions.get(name) for name in models.served(after.objects)})
        depends = [self.root / each for each in SHARED] if self.sources.is_first(target) else []
        depends += [overlay(self.root, source), ledger.path(self.root, source)] if source else []
        return Plan(target, changed, changes, subject, trailers, depends)

    def _own(self, target: str, release: Release) -> dict[str, str | None]:
        """Return the files of an overlay that a release changes, with their new texts."""
        page = overlay(self.root, target)
        text = replaced(page, self.environments.image, release)
        patches = kustomization(page.parent).get("patches") or []
        place = next((index for index, each in enumerate(patches) if each == {"path": FILE}), None)
        if release.models and place is None:
            text = add_text(text, "patches", f"path: {FILE}", ORDER)
        elif not release.models and place is not None:
            text = remove_entry(text, ("patches", place))
        own: dict[str, str | None] = {page.name: text} if text != files.read(page) else {}
        if release.models:
            own[FILE] = mount_text(release.models, self.environments.image_repository)
        elif (page.parent / FILE).exists():
            own[FILE] = None
        return own

    def _derived(self, after: Overlay) -> dict[Path, str | None]:
        """Return the generated files that follow from a render and that the repository has, where they change."""
        try:
            others = {name: load(self.sources, name) for name in self.environments.names if name != after.name}
        except GitopsError:
            # Another environment cannot be rendered, which `check` says: that is no matter of this one.
            return {}
        overlays = [others.get(name, after) for name in self.environments.names]
        return {**generated.outdated(self.root, self.environments, overlays)}

    def _checked(
        self, target: str, own: dict[str, str | None], release: Release, versions: dict[str, str], *, back: bool
    ) -> tuple[list[Change], Overlay]:
        """Render the environment with its new release; refuse it if it breaks a rule or cannot be applied.

        A way back is not refused for what a rule says that came later.
        """
        before = self._before(target, edited=back)
        first = self.sources.is_first(target)
        folder = self.sources.folder(target, "" if first else release.commit, own=own)
        after = load(self.sources, target, versions, folder=folder)
        for broken in () if back else problems([after]):
            raise GitopsError(f"the change breaks a rule: {broken}")
        changes = diff(before, after.objects)
        policy.require_no_deletion(changes, back=back)
        return changes, after

    def _before(self, target: str, *, edited: bool) -> list[Object]:
        """Return the environment as its last release made it; an edit of its overlay may be part of it or not."""
        commit = self.sources.recorded_release(target).commit
        if commit and not self.sources.has(commit):
            # Its release is of a history that is gone: what it ships is all that is left.
            return rendered_files.objects(self.root, target)
        if not self.sources.is_first(target):
            found = load(self.sources, target)
            if not edited:
                policy.require_rendered(self.root, target, found.rendered)
            return found.objects
        try:
            return self.sources.render(target, commit)
        except GitopsError:
            # Its overlay fits to the newest base only.
            return self.sources.render(target)


def _facts(release: Release, without: Release | None = None) -> dict[str, Any]:
    """Return what the ledger keeps of a release, or of what another one lacks of it."""
    known = without.id if without else frozenset()
    facts: dict[str, Any] = {"tag": release.tag, "digest": release.digest} if release.digest not in known else {}
    facts |= {"commit": release.commit} if release.commit not in known else {}
    mounts = {each.name: each.entry() for each in release.models if each.digest not in known}
    return facts | ({"mounted": mounts} if mounts else {})


def _news(was: Release, now: Release) -> str:
    """Return what a release changes, in a few words."""
    new = [now.tag] if now.image != was.image else []
    new += [f"{each.name} {each.version}" for each in now.models if each not in was.models]
    new += [f"without {each.name}" for each in was.models if each.name not in {found.name for found in now.models}]
    return ", ".join(new) or f"manifests of {now.commit[:12]}"


def _trailers(entry: dict[str, Any], served: dict[str, str | None]) -> dict[str, str]:
    found = {"Promoted-From": entry["from"]} if "from" in entry else {}
    found |= {"Image-Digest": entry["digest"], "Manifests": entry["commit"]}
    if "mounted" in entry:
        found["Model-Digest"] = ", ".join(f"{name} {text.partition('@')[2]}" for name, text in entry["mounted"].items())
    found["Change-Id"] = uuid4().hex
    if known := [f"{name} {version}" for name, version in served.items() if version]:
        found["Model"] = visible(", ".join(known))
    return found

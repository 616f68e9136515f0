"""Plan a release, promotion or rollback: check everything, then compute the files of one commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from gitops import ledger, models, placeholder, promotion_gates, rendered_files
from gitops.environments import Environments
from gitops.errors import GitopsError
from gitops.history import History
from gitops.mounted import Mounted
from gitops.plan import Overrides, Plan, ledger_fields, release_summary, trailers
from gitops.release import Release, from_entry, overlay
from gitops.release_preview import ReleasePreviews
from gitops.render.kustomize import render
from gitops.render_sources import SHARED, RenderSources
from gitops.repository import Repository


class Planner:
    """Plans changes of one repository; None means that there is nothing to do."""

    def __init__(self, repository: Repository, environments: Environments) -> None:
        self.repository, self.environments, self.root = repository, environments, repository.root
        self.sources = RenderSources(self.root, environments)
        self.states = self.sources.states
        self.previews = ReleasePreviews(self.sources)

    def release(self, image: Release | None, models: Iterable[Mounted], overrides: Overrides) -> Plan | None:
        """Plan a release for the first environment: a new image, new models, or only base and components of HEAD."""
        target = self.environments.names[0]
        now = self.sources.release(target)
        mounted = {each.name: each for each in (*now.models, *models)}
        release = replace(image or now, commit=now.commit, models=tuple(sorted(mounted.values())))
        if not release.exists:
            raise GitopsError(f"{target} has no image yet: python -m gitops release TAG@DIGEST")
        if now == release and self._is_recorded(target, release):
            return None
        promotion_gates.require_not_held(self.states, target, release, overrides.forced)
        return self._set_release("release", target, release, overrides)

    def promote(self, source: str, target: str, overrides: Overrides) -> Plan | None:
        """Plan to set in the next environment what this one has verified: image, base and components."""
        promotion_gates.require_next(self.environments, source, target)
        release, now = self.sources.recorded_release(source), self.sources.release(target)
        if not (release.exists and release.commit):
            raise GitopsError(f"{source} has no release yet")
        self.sources.require_commit(source, release.commit)
        if release.id != now.id:
            promotion_gates.require_recorded(source, self.states[source], release)
            if not overrides.unverified:
                promotion_gates.require_verified(
                    source, self.states[source], release, self.environments.get(target).soak
                )
        gets = render(self.sources.folder(target, release.commit, own=self.previews.overlay_changes(target, release)))
        has = self.previews.before(source, edited=True)
        promotion_gates.require_settings(self.environments.get(source), has, target, gets)
        if now == release:
            return None
        promotion_gates.require_not_held(self.states, target, release, overrides.forced)
        return self._set_release("promote", target, release, overrides, source=source)

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
        bad = ledger_fields(now, without=restored)
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
        set_by = History(self.repository).last_edit(str(ledger.path(Path(), target)), ledger.beginning(entry))
        return f"{problem}: git revert {set_by[:12]} takes back what was set last" if set_by else problem

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
        promotion_gates.require_recorded(target, self.states[target], release)
        if release.id in self.states[target].verified:
            return None
        return self._record(target, "verify", **ledger_fields(release))

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

    def _set_release(
        self, action: str, target: str, release: Release, overrides: Overrides, *, source: str = ""
    ) -> Plan:
        placeholder.require_owner(self.environments)
        was, own = self.sources.release(target), self.previews.overlay_changes(target, release)
        versions = models.in_release(self.root, self.states.values(), release)
        changes, after = self.previews.render_checked(target, own, release, versions, back=action == "rollback")
        if release.digest != was.digest:
            promotion_gates.require_image(changes)
        in_image = models.in_image(self.root, self.states.values(), release.digest)
        entry = ledger_fields(release) | {"was": was.digest} | ({"models": in_image} if in_image else {})
        if source:
            entry["from"] = f"{source}@{self.repository.head[:12]}"
        entry |= overrides.facts()
        changed: dict[Path, str | None] = {overlay(self.root, target).parent / name: text for name, text in own.items()}
        changed |= self._ledger(target, action, entry)
        changed |= {
            self.root / path: new for path, new in rendered_files.changes(self.root, target, after.rendered).items()
        }
        changed |= self.previews.generated_files(after)
        route = f"{source} -> {target}" if source else target
        subject = f"{action}({self.environments.image}): {route} {release_summary(was, release)}"
        found = trailers(entry, {name: versions.get(name) for name in models.served(after.objects)})
        depends = [self.root / each for each in SHARED] if self.sources.is_first(target) else []
        depends += [overlay(self.root, source), ledger.path(self.root, source)] if source else []
        return Plan(target, changed, changes, subject, found, depends)

"""Plan a release, promotion or rollback: check everything, then compute the files of one commit."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from gitops import files, ledger, models, placeholder, policy
from gitops.environments import Environments
from gitops.errors import GitopsError
from gitops.release import Release, current, overlay, replaced
from gitops.render.diff import Change
from gitops.render.kustomize import render
from gitops.repository import Repository
from gitops.rules.check import problems
from gitops.rules.overlay import Overlay, load
from gitops.text import visible


@dataclass
class Plan:
    """A change that passed every check and is not committed yet."""

    environment: str
    files: dict[Path, str]
    changes: list[Change]
    subject: str
    trailers: dict[str, str] = field(default_factory=dict)

    @property
    def branch(self) -> str:
        """Return the name of a branch for this change alone."""
        # Git refuses two dots in a row, and the end .lock.
        name = re.sub(r"[^a-z0-9.]+|\.{2,}|\.(?=lock$)", "-", self.subject.lower())
        return name.strip("-.")


class Planner:
    """Plans changes of one repository; None means that there is nothing to do."""

    def __init__(self, repository: Repository, environments: Environments) -> None:
        self.repository, self.environments, self.root = repository, environments, repository.root
        self.states = ledger.states(self.root, environments.names)

    def release(self, release: Release, *, forced: str = "") -> Plan | None:
        """Plan a new release for the first environment."""
        target = self.environments.names[0]
        if self._current(target) == release:
            return None
        policy.require_open(self.states, target, release, forced)
        return self._set_release("release", target, release, forced=forced)

    def promote(self, source: str, target: str, *, forced: str = "") -> Plan | None:
        """Plan to set in the next environment what this one has verified."""
        policy.require_next(self.environments, source, target)
        release, soak = self._current(source), self.environments.get(target).soak
        if release.digest != self._current(target).digest:
            policy.require_verified(source, self.states[source], release, soak)
        policy.require_settings(self.root, self.environments.get(source), target)
        if self._current(target) == release:
            return None
        policy.require_open(self.states, target, release, forced)
        return self._set_release("promote", target, release, source=source, forced=forced)

    def rollback(self, target: str, reason: str) -> Plan | None:
        """Plan to restore the previous verified release, and to hold the current one."""
        self.environments.index(target)
        now, state = self._current(target), self.states[target]
        unwanted = {now.digest, *state.held}
        good = [each for each in state.verifications if each["digest"] not in unwanted]
        if not good:
            raise GitopsError(f"{target} has no earlier verified release to roll back to")
        plan = self._set_release("rollback", target, Release(good[-1]["tag"], good[-1]["digest"]))
        file = ledger.path(self.root, target)
        facts = {"tag": now.tag, "digest": now.digest, "reason": reason}
        plan.files[file] = ledger.extended(plan.files[file], "hold", self.repository.actor, **facts)
        plan.trailers["Rollback-Of"] = now.digest
        return plan

    def freeze(self, target: str, reason: str) -> Plan | None:
        """Plan to let no release into an environment."""
        self.environments.index(target)
        return None if self.states[target].frozen else self._record(target, "freeze", reason=reason)

    def unfreeze(self, target: str) -> Plan | None:
        """Plan to let releases in again."""
        self.environments.index(target)
        return self._record(target, "unfreeze") if self.states[target].frozen else None

    def verify(self, target: str) -> Plan | None:
        """Plan to record that the current release was verified, once."""
        release = self._current(target)
        policy.require_recorded(target, self.states[target], release)
        if release.digest in self.states[target].verified:
            return None
        return self._record(target, "verify", tag=release.tag, digest=release.digest)

    def _current(self, environment: str) -> Release:
        return current(self.root, environment, self.environments.image)

    def _record(self, target: str, action: str, **facts: Any) -> Plan:
        """Plan one ledger entry and nothing else."""
        subject = f"{action}({self.environments.image}): {target}"
        return Plan(target, self._ledger(target, action, facts), [], subject, {"Change-Id": uuid4().hex})

    def _ledger(self, target: str, action: str, facts: dict[str, Any]) -> dict[Path, str]:
        text = ledger.append(self.root, target, action, self.repository.actor, **facts)
        return {ledger.path(self.root, target): text}

    def _set_release(self, action: str, target: str, release: Release, *, source: str = "", forced: str = "") -> Plan:
        placeholder.require_owner(self.environments)
        text = replaced(overlay(self.root, target), self.environments.image, release)
        versions = models.in_image(self.root, self.states.values(), release.digest)
        changes, rendered = self._checked(target, text, versions)
        entry: dict[str, Any] = {"tag": release.tag, "digest": release.digest, "was": self._current(target).digest}
        if versions:
            entry["models"] = versions
        if source:
            entry["from"] = f"{source}@{self.repository.head[:12]}"
        if forced:
            entry["forced"] = forced
        changed = {overlay(self.root, target): text, **self._ledger(target, action, entry)}
        render_file = self.root / "rendered" / f"{target}.yaml"
        if render_file.exists():
            changed[render_file] = files.with_line_ends_of(render_file, rendered.rendered)
        route = f"{source} -> {target}" if source else target
        subject = f"{action}({self.environments.image}): {route} {release.tag}"
        return Plan(target, changed, changes, subject, _trailers(entry, models.served(rendered.objects)))

    def _checked(self, target: str, text: str, versions: dict[str, str]) -> tuple[list[Change], Overlay]:
        """Render the new overlay in a copy; refuse it if it breaks a rule or changes more than an image."""
        before = render(overlay(self.root, target).parent)
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch)
            for each in ("base", "components", "overlays"):
                shutil.copytree(self.root / each, copy / each, symlinks=True)
            files.write(overlay(copy, target), text)
            after = load(copy, self.environments, target, versions)
            broken = list(problems([after]))
        if broken:
            raise GitopsError(f"the change breaks a rule: {broken[0]}")
        return policy.require_image_only(before, after.objects), after


def _trailers(entry: dict[str, Any], served: tuple[str, ...]) -> dict[str, str]:
    found = {"Promoted-From": entry["from"]} if "from" in entry else {}
    found |= {"Image-Digest": entry["digest"], "Change-Id": uuid4().hex}
    versions = entry.get("models", {})
    if known := [f"{name} {versions[name]}" for name in served if name in versions]:
        found["Model"] = visible(", ".join(known))
    return found

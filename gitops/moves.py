"""Release, promote, roll back: refuse what must not be, then write one scalar, one ledger line, one commit."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from gitops import ledger
from gitops.difference import MISSING, Change, changes
from gitops.errors import GitopsError
from gitops.models import packed, served
from gitops.render import Object, render, settings_of
from gitops.repo import Repo
from gitops.rules import Environment, load, problems
from gitops.scalar import replaced
from gitops.stages import Stage, Stages
from gitops.version import Version, entry_of, overlay, running

ALLOWED = re.compile(r"spec\.template\.spec\.containers\[[^]]+\]\.image")
PRUNED = ("Namespace", "Service", "PersistentVolumeClaim")


@dataclass
class Plan:
    """A change that passed every check, and is not written yet."""

    environment: str
    files: dict[Path, str]
    changes: list[Change]
    subject: str
    trailers: dict[str, str] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """Return a name for a branch that holds this alone."""
        return re.sub(r"[^a-z0-9.]+", "-", self.subject.lower()).strip("-")


class Mover:
    """Plan moves of versions in one repository."""

    def __init__(self, repo: Repo, stages: Stages) -> None:
        self.repo, self.stages, self.root = repo, stages, repo.root
        self.states = {name: ledger.state(ledger.read(self.root, name)) for name in stages.names}

    def release(self, version: Version, *, forced: str = "") -> Plan | None:
        """Plan a new version for the first stage."""
        return self._move("release", self.stages.names[0], version, "", forced)

    def promote(self, source: str, target: str, *, forced: str = "") -> Plan | None:
        """Plan to give the next stage what this one has verified."""
        here, there = self.stages.place(source), self.stages.place(target)
        if there < here:
            raise GitopsError(f"{target} comes before {source}: versions only go forward; use rollback {target}")
        if there != here + 1:
            after = self.stages.names[here + 1] if here + 1 < len(self.stages.names) else None
            raise GitopsError(
                f"{target} does not follow {source}: promote to {after} first" if after else f"{source} is last"
            )
        version = running(self.root, source, self.stages.image)
        if version.digest != running(self.root, target, self.stages.image).digest:
            self._require_verified(source, version, self.stages.stages[there].soak)
        self._require_settings(self.stages.stages[here], target)
        return self._move("promote", target, version, source, forced)

    def rollback(self, target: str, reason: str) -> Plan | None:
        """Plan to bring back what was verified last before this, and hold what is there."""
        self.stages.place(target)
        now = running(self.root, target, self.stages.image)
        unwanted = {now.digest, *self.states[target].held}
        good = [each for each in self.states[target].good if each["digest"] not in unwanted]
        if not good:
            raise GitopsError(f"{target} has no earlier version that was verified: nothing to go back to")
        version = Version(good[-1]["tag"], good[-1]["digest"])
        plan = self._move("rollback", target, version, "", "")
        if plan is not None:
            held = ledger.line("held", self.repo.actor, tag=now.tag, digest=now.digest, reason=reason)
            plan.files[ledger.path(self.root, target)] += held
            plan.trailers["Rollback-Of"] = now.digest
        return plan

    def note(self, target: str, action: str, **facts: str) -> Plan | None:
        """Plan to write a line into an environment's ledger, and nothing else."""
        self.stages.place(target)
        if bool(self.states[target].hold) == (action == "hold"):
            return None
        return self._line(target, action, **facts)

    def _line(self, target: str, action: str, **facts: Any) -> Plan:
        files = self._appended(target, action, **facts)
        return Plan(target, files, [], f"{action}({self.stages.image}): {target}", {"Change-Id": uuid4().hex})

    def _appended(self, target: str, action: str, **facts: Any) -> dict[Path, str]:
        """Return an environment's ledger with a line more."""
        log = ledger.path(self.root, target)
        lines = log.read_text() if log.exists() else ""
        if lines and not lines.endswith("\n"):
            lines += "\n"
        return {log: lines + ledger.line(action, self.repo.actor, **facts)}

    def verified(self, target: str) -> Plan | None:
        """Plan to write down that what is here was verified, once."""
        version = running(self.root, target, self.stages.image)
        if version.digest in self.states[target].verified:
            return None
        return self._line(target, "verify", tag=version.tag, digest=version.digest)

    def _require_verified(self, source: str, version: Version, soak: int) -> None:
        since = self.states[source].verified_for(version.digest, datetime.now(UTC))
        if since is None:
            raise GitopsError(f"{source} has not verified {version}: run verify {source} first")
        if since < soak:
            raise GitopsError(f"{source} has verified {version} for {since / 60:.0f} of {soak / 60:.0f} min: wait")

    def _require_free(self, target: str, version: Version, forced: str) -> None:
        if hold := self.states[target].hold:
            raise GitopsError(f"{target} is on hold ({hold}): unhold {target} first")
        for name in self.stages.names:
            if (reason := self.states[name].held.get(version.digest)) and not forced:
                raise GitopsError(f"{version} was rolled back in {name} ({reason}): --force-held REASON brings it back")

    def _require_settings(self, source: Stage, target: str) -> None:
        """Refuse what would start without a setting that it was verified with."""
        has, lacks = (set(settings_of(render(overlay(self.root, each).parent))) for each in (source.name, target))
        if missing := sorted(has - lacks - set(source.own)):
            raise GitopsError(
                f"{target} lacks the setting {missing[0]}, which {source.name} has: set it in overlays/{target}, "
                f"or list it under own of {source.name} in promotions/stages.yaml"
            )

    def models(self, digest: str) -> dict[str, str]:
        """Return the versions of the models that an image holds: as the ledgers say, or those that lie here."""
        told = (state.models[digest] for state in self.states.values() if digest in state.models)
        return next(told, None) or packed(self.root)

    def _move(self, action: str, target: str, version: Version, source: str, forced: str) -> Plan | None:
        before = running(self.root, target, self.stages.image)
        if before == version:
            return None
        if action != "rollback":
            self._require_free(target, version, forced)
        page = overlay(self.root, target)
        text = self._edited(page, before, version)
        found, environment = self._checked(target, text)
        entry: dict[str, Any] = {"tag": version.tag, "digest": version.digest, "was": before.digest}
        if models := self.models(version.digest):
            entry["models"] = models
        if source:
            entry["from"] = f"{source}@{self.repo.head[:12]}"
        if forced:
            entry["forced"] = forced
        files = {page: text, **self._appended(target, action, **entry)}
        golden = self.root / "rendered" / f"{target}.yaml"
        if golden.exists():
            files[golden] = environment.rendered
        way = f"{source} -> {target}" if source else target
        trailers = {"Image-Digest": version.digest, "Change-Id": uuid4().hex}
        if source:
            trailers = {"Promoted-From": entry["from"], **trailers}
        if told := [f"{name} {models[name]}" for name in served(environment.objects) if name in models]:
            trailers["Model"] = ", ".join(told)
        return Plan(target, files, found, f"{action}({self.stages.image}): {way} {version.tag}", trailers)

    def _edited(self, page: Path, before: Version, version: Version) -> str:
        place, _ = entry_of(page, self.stages.image)
        text = page.read_text()
        if before.tag != version.tag:
            text = replaced(text, ("images", place, "newTag"), version.tag)
        if before.digest != version.digest:
            text = replaced(text, ("images", place, "digest"), version.digest)
        return text

    def _checked(self, target: str, text: str) -> tuple[list[Change], Environment]:
        """Render the change in a copy, and refuse it if it breaks a rule or reaches further than an image."""
        old = render(overlay(self.root, target).parent)
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch)
            for each in ("base", "components", "overlays"):
                shutil.copytree(self.root / each, copy / each)
            overlay(copy, target).write_text(text)
            environment = load(overlay(copy, target).parent)
            broken = list(problems([environment]))
        if broken:
            raise GitopsError(f"the change breaks a rule: {broken[0]}")
        return _allowed(old, environment.objects), environment


def is_image(change: Change) -> bool:
    """Tell whether a change is what a promotion is for."""
    return bool(ALLOWED.fullmatch(change.field))


def _allowed(old: list[Object], new: list[Object]) -> list[Change]:
    found = changes(old, new)
    for change in found:
        if change.after is MISSING and change.object.split("/")[0] in PRUNED:
            raise GitopsError(
                f"the change would delete {change.object}: nothing of the kind is ever done by a promotion"
            )
        if not is_image(change):
            raise GitopsError(f"the change reaches further than an image: {change}")
    if not found:
        raise GitopsError("the change changes nothing that is rendered: no container uses this image")
    return found

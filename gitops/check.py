"""Check a repository: the rules for every environment, and the staleness of every generated file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitops import ledger, models, promotion_gates, rendered_files
from gitops.environments import load
from gitops.errors import GitopsError
from gitops.generate import generated_files
from gitops.generate.admission import not_admitted
from gitops.history import History
from gitops.release import Release, current_image
from gitops.render.kustomize import RenderError
from gitops.render_sources import RenderSources
from gitops.repository import Repository
from gitops.rules import overlay
from gitops.rules.check import problems, undeclared
from gitops.rules.old_names import find_old_names
from gitops.rules.overlay import Overlay
from gitops.signers import Signers


@dataclass(frozen=True)
class Report:
    """What is wrong with a repository."""

    environments: list[str]
    problems: list[str]
    stale: list[str]
    warnings: list[str]
    """What a promotion mends, and nothing else."""

    def lines(self) -> list[str]:
        """Return one line for each problem, or one that says that there is none; before them the warnings."""
        mended = "a promotion of the newest base and components mends it"
        warnings = [f"warning: {each} ({mended})" for each in self.warnings]
        stale = (f"{path} is stale: python -m gitops {self._mending(Path(path))}" for path in self.stale)
        found = [*self.problems, *stale]
        return warnings + (found or [f"{', '.join(self.environments)}: no rule is broken, no file is stale"])

    def _mending(self, path: Path) -> str:
        """Return the command that writes a stale file anew."""
        name = path.parent.name
        rendered = path.parts[0] == str(rendered_files.FOLDER) and name in self.environments
        return f"render {name}" if rendered else "generate"

    def as_json(self) -> dict[str, Any]:
        """Return the report for scripts."""
        passed = not (self.problems or self.stale)
        return {
            "passed": passed,
            "environments": self.environments,
            "problems": self.problems,
            "stale": self.stale,
            "warnings": self.warnings,
        }


def check(root: Path, history: Repository | None = None) -> Report:
    """Return the report on a repository."""
    environments = load(root)
    found = [*undeclared(root, environments), *find_old_names(root, environments)]
    if environments.signers and not (root / environments.signers).is_file():
        found.append(f"environments.yaml: signers names {environments.signers}, which does not exist")
    found += Signers(History(history or Repository(root.resolve()))).problems(environments.names)
    expected = generated_files.expected_from_declarations(root, environments)
    stale = generated_files.stale_among(root, expected) + generated_files.leftovers(root, environments)
    sources = RenderSources(root, environments, history)
    overlays, complete = [], True
    for each in environments.all:
        if not (root / "overlays" / each.name).is_dir():
            complete = False
            continue
        try:
            release = _release(sources, each.name)
            found += promotion_gates.unrecorded(each.name, sources.states[each.name], release) if release else ()
            found += promotion_gates.withdrawn(environments, sources.states, each.name)
            found += _lost_ledger(sources, each.name, release)
            found += filter(None, [sources.outside_history(each.name, sources.base_commit(each.name))])
            # The tree may be a copy of the manifests alone.
            tree = sources.history.root
            known = models.in_release(tree, sources.states.values(), release or Release("", ""))
            overlays.append(overlay.load(sources, each.name, known))
        except RenderError as error:
            complete = False
            # A file that the overlay includes may still have to be generated: then that is the problem.
            if Path("overlays") / each.name / "alerts.yaml" not in stale:
                found.append(str(error))
    broken = {each.name: list(problems([each])) for each in overlays}
    promoted = {problem for each in overlays if broken[each.name] for problem in _mended_by_promotion(sources, each)}
    found += [problem for each in broken.values() for problem in each if problem not in promoted]
    warnings = [problem for each in broken.values() for problem in each if problem in promoted]
    found += not_admitted(environments, overlays)
    if complete:
        stale += generated_files.stale_among(root, generated_files.expected_from_renders(root, environments, overlays))
        stale += generated_files.stale_renders(root, overlays)
    return Report(environments.names, found, [str(path) for path in stale], warnings)


def _lost_ledger(sources: RenderSources, environment: str, release: Release | None) -> Iterator[str]:
    """Yield that the ledger of an environment was removed, unless all that it says was taken back."""
    if release is None or not release.exists:
        return
    file, history = ledger.path(Path(), environment), History(sources.history)
    if (sources.root / file).exists() or not sources.history.has_commits:
        return
    last = history.last_change(str(file))
    place = "HEAD" if history.blob("HEAD", str(file)) else f"{last[:12]}~1"
    if not (blob := history.blob(place, str(file))):
        return
    entries = ledger.entries(environment, history.content(blob).encode())
    before = next((each.get("was") for each in entries if "digest" in each), None)
    if release.digest != before:
        yield (
            f"{file} was removed, and with it what {environment} was given and what is on hold there: "
            f"git checkout {place} -- {file}"
        )


def _mended_by_promotion(sources: RenderSources, current: Overlay) -> set[str]:
    """Return the rules that an environment breaks by base and components of its release alone.

    It broke them when its release was set, before there was such a rule, and with base and components of HEAD it does
    not. An edit of its overlay could not mend that, and has not caused it.
    """
    if not sources.base_commit(current.name):
        return set()
    try:
        before, after = (
            overlay.load(sources, current.name, current.models, folder=folder)
            for folder in (sources.folder_as_set(current.name), sources.folder(current.name, ""))
        )
    except GitopsError:
        return set()
    return {*problems([before])} - {*problems([after])}


def _release(sources: RenderSources, environment: str) -> Release | None:
    """Return the release of an overlay; one without the image breaks a rule, which says more."""
    try:
        current_image(sources.root, environment, sources.environments.image)
    except RenderError:
        raise
    except GitopsError:
        return None
    return sources.release(environment)

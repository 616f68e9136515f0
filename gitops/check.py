"""Check a repository: the rules for every environment, and the staleness of every generated file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitops import models, promotion_gates, rendered_files
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
from gitops.signers import Signers


@dataclass(frozen=True)
class Report:
    """What is wrong with a repository."""

    environments: list[str]
    problems: list[str]
    stale: list[str]

    def lines(self) -> list[str]:
        """Return one line for each problem, or one that says that there is none."""
        stale = (f"{path} is stale: python -m gitops {self._mending(Path(path))}" for path in self.stale)
        found = [*self.problems, *stale]
        return found or [f"{', '.join(self.environments)}: no rule is broken, no file is stale"]

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
            # The tree may be a copy of the manifests alone.
            tree = sources.history.root
            known = models.in_release(tree, sources.states.values(), release or Release("", ""))
            overlays.append(overlay.load(sources, each.name, known))
        except RenderError as error:
            complete = False
            # A file that the overlay includes may still have to be generated: then that is the problem.
            if Path("overlays") / each.name / "alerts.yaml" not in stale:
                found.append(str(error))
    found += problems(overlays)
    found += not_admitted(environments, overlays)
    if complete:
        stale += generated_files.stale_among(root, generated_files.expected_from_renders(root, environments, overlays))
        stale += generated_files.stale_renders(root, overlays)
    return Report(environments.names, found, [str(path) for path in stale])


def _release(sources: RenderSources, environment: str) -> Release | None:
    """Return the release of an overlay; one without the image breaks a rule, which says more."""
    try:
        current_image(sources.root, environment, sources.environments.image)
    except RenderError:
        raise
    except GitopsError:
        return None
    return sources.release(environment)

"""A tree with environments of its own: tests of the tool use it, so that they hold whatever a fork declares."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

import yaml

from gitops.environments import load
from gitops.generate.yaml_output import yaml_text
from monitoring.operator import prometheus_rule
from tests.helpers.manifests import ROOT, WORKFLOWS, gitops

SAMPLE = ROOT / "tests" / "sample"


def write(place):
    """Write the tree: the repository's base, components and pages, and the sample's environments."""
    for each in ("base", "components"):
        shutil.copytree(ROOT / each, place / each, dirs_exist_ok=True)
    shutil.copytree(SAMPLE, place, dirs_exist_ok=True)
    shutil.copy(ROOT / "README.md", place)
    (place / "kustomization.yaml").write_text("resources:\n  - overlays/dev\n")
    (place / WORKFLOWS).mkdir(parents=True)
    for name in ("promote.yml", "release.yml"):
        shutil.copy(ROOT / WORKFLOWS / name, place / WORKFLOWS)
    done = gitops(place, "generate")
    assert done.exit_code == 0, done.output


@cache
def _generated():
    folder = tempfile.TemporaryDirectory()
    write(Path(folder.name))
    return folder


def sample(place, *parts):
    """Copy the tree, or these parts of it."""
    for path in Path(_generated().name).iterdir():
        if not parts or path.name in parts:
            copy = shutil.copytree if path.is_dir() else shutil.copy
            copy(path, place / path.name)
    return place


def declared(repository):
    """Give a repository every file that follows from a declaration, none of them stale."""
    sample(repository.place, "clusters", "README.md", ".github")
    (repository.place / ".github" / "CODEOWNERS").write_text("* @score-app/maintainers @score-app/operations\n")
    repository.commit("generated")
    return repository


def rules(environment="prod"):
    """Return the groups of alert rules of an environment, as Prometheus reads them."""
    found = load(SAMPLE)
    return yaml.safe_load(yaml_text(prometheus_rule(found.get(environment).slo, found.prometheus_release)))["spec"]

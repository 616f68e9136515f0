"""The rendered environments, and a copy of the manifests to change."""

import shutil
from pathlib import Path

import pytest

from tests.helpers.manifests import RENDERS, ROOT, WORKFLOW, gitops
from tests.helpers.waiting import unless


@pytest.fixture(autouse=True)
def _renderer():
    unless(RENDERS, "neither kustomize nor kubectl is here")


@pytest.fixture
def tree(tmp_path):
    """Return a copy of everything that kubectl and `gitops check` read."""
    for each in ("base", "components", "overlays", "clusters", "rendered"):
        shutil.copytree(ROOT / each, tmp_path / each)
    (tmp_path / WORKFLOW.parent).mkdir(parents=True)
    for each in (Path("kustomization.yaml"), Path("environments.yaml"), Path("README.md"), WORKFLOW):
        shutil.copy(ROOT / each, tmp_path / each)
    return tmp_path


@pytest.fixture
def check(tree):
    """Return a function that runs `python -m gitops check` on the copy."""
    return lambda: gitops(tree, "check")


@pytest.fixture
def check_generated(tree):
    """Return a function that runs `generate`, then `check` on the copy."""

    def run():
        done = gitops(tree, "generate")
        assert done.exit_code == 0, done.output
        return gitops(tree, "check")

    return run

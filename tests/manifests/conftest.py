"""The rendered environments, and a copy of the manifests to change."""

import pytest

from gitops import process
from tests.helpers import renders
from tests.helpers.manifests import RENDERS, gitops
from tests.helpers.sample import sample
from tests.helpers.waiting import unless


@pytest.fixture(autouse=True)
def _renderer(monkeypatch):
    unless(RENDERS, "neither kustomize nor kubectl is here")
    monkeypatch.setattr(process, "run", renders.run)


@pytest.fixture
def tree(tmp_path):
    """Return a copy of everything that kubectl and `gitops check` read, with the sample's environments."""
    return sample(tmp_path)


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

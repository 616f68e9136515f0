"""A repository with a remote, and the commands that change it."""

import re
import shutil

import pytest

from tests.helpers.manifests import RENDERS, ROOT
from tests.helpers.repository import Repository, git
from tests.helpers.sample import sample
from tests.helpers.waiting import unless


@pytest.fixture
def repository(tmp_path):
    unless(RENDERS, "neither kustomize nor kubectl is here")
    remote, place = tmp_path / "remote.git", tmp_path / "clone"
    place.mkdir()
    (place / ".gitignore").write_text("/build/\n")
    sample(place, "base", "components", "overlays", "rendered", "environments.yaml")
    shutil.copytree(ROOT / "promotions", place / "promotions", ignore=shutil.ignore_patterns("*.jsonl"))
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(remote))
    git(place, "init", "-q", "-b", "main")
    git(place, "config", "user.email", "someone@example.org")
    git(place, "config", "user.name", "Someone")
    git(place, "remote", "add", "origin", str(remote))
    found = Repository(place)
    found.commit("initial")
    git(place, "fetch", "-q", "origin")
    return found


@pytest.fixture
def search():
    """Return a function that requires a pattern in a text."""

    def required(pattern, text):
        assert re.search(pattern, text), text

    return required

"""A repository with a remote, and the commands that change it."""

import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest

from gitops import process
from tests.helpers import renders
from tests.helpers.manifests import RENDERS, ROOT
from tests.helpers.repository import Repository, copied, git
from tests.helpers.sample import sample
from tests.helpers.signers import Keys, declare, signing
from tests.helpers.waiting import unless


@cache
def _origin():
    """Make a repository and its remote once in this process; each test gets a copy of both."""
    folder = tempfile.TemporaryDirectory()
    remote, place = Path(folder.name) / "remote.git", Path(folder.name) / "clone"
    place.mkdir()
    (place / ".gitignore").write_text("/build/\n")
    sample(place, "base", "components", "overlays", "rendered", "environments.yaml")
    shutil.copytree(ROOT / "promotions", place / "promotions", ignore=shutil.ignore_patterns("*.jsonl"))
    git(remote.parent, "init", "-q", "--bare", "-b", "main", str(remote))
    git(place, "init", "-q", "-b", "main")
    git(place, "config", "user.email", "someone@example.org")
    git(place, "config", "user.name", "Someone")
    git(place, "remote", "add", "origin", str(remote))
    Repository(place).commit("initial")
    for each in (remote, place):
        # Fewer files to copy.
        git(each, "gc", "-q")
        shutil.rmtree((each / ".git" if each == place else each) / "hooks")
    return folder


@pytest.fixture(autouse=True)
def _renderer(monkeypatch):
    monkeypatch.setattr(process, "run", renders.run)


@pytest.fixture
def repository(tmp_path):
    unless(RENDERS, "neither kustomize nor kubectl is here")
    return copied(Path(_origin().name), tmp_path)


@pytest.fixture
def search():
    """Return a function that requires a pattern in a text."""

    def required(pattern, text):
        assert re.search(pattern, text), text

    return required


@pytest.fixture
def keys(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    return Keys(tmp_path / "keys")


@pytest.fixture
def signed(repository, keys):
    """Give a repository in which alice may sign, and does."""
    signing(repository, keys, "alice")
    declare(repository, keys.line("alice"))
    return repository

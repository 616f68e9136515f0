"""A repository with a remote, and the command that moves versions in it."""

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from gitops.__main__ import main
from tests.conftest import unless
from tests.manifests.conftest import RENDERS, ROOT

NEW, NEWER = (f"1.{n}.0@sha256:{str(n) * 64}" for n in (1, 2))
DIGEST = NEW.partition("@")[2]
PROMOTE = ("promote", "dev", "staging")


def git(place, *args):
    done = subprocess.run(["git", "-C", str(place), *args], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Repository:
    """A clone of a bare remote that holds the manifests."""

    def __init__(self, place):
        self.place = place

    def git(self, *args):
        return git(self.place, *args)

    def run(self, *args):
        return CliRunner().invoke(main, [*args, "--root", str(self.place)])

    def page(self, environment):
        return self.place / "overlays" / environment / "kustomization.yaml"

    def commit(self, said="a change"):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", said)
        self.git("push", "-q", "origin", "HEAD:main")

    def verified(self, environment, minutes=0):
        """Write down that an environment was verified, as verify does against a cluster."""
        rows = json.loads(self.run("status", "--json").output)
        row = next(each for each in rows if each["environment"] == environment)
        time = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="seconds")
        entry = {"time": time, "action": "verify", "actor": "a test", "tag": row["tag"], "digest": row["digest"]}
        with (self.place / "promotions" / f"{environment}.jsonl").open("a") as ledger:
            ledger.write(json.dumps(entry) + "\n")
        self.commit(f"verify {environment}")


@pytest.fixture
def repository(tmp_path):
    unless(RENDERS, "neither kustomize nor kubectl is here")
    remote, place = tmp_path / "remote.git", tmp_path / "clone"
    place.mkdir()
    (place / ".gitignore").write_text("/build/\n")
    for each in ("base", "components", "overlays"):
        shutil.copytree(ROOT / each, place / each)
    (place / "promotions").mkdir()
    shutil.copy(ROOT / "promotions" / "stages.yaml", place / "promotions")
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(remote))
    git(place, "init", "-q", "-b", "main")
    git(place, "config", "user.email", "someone@example.org")
    git(place, "config", "user.name", "Someone")
    git(place, "remote", "add", "origin", str(remote))
    found = Repository(place)
    found.commit("the beginning")
    git(place, "fetch", "-q", "origin")
    return found


def moved(repository):
    """Bring a version to staging."""
    assert repository.run("release", NEW).exit_code == 1
    repository.verified("dev")
    assert repository.run("promote", "dev", "staging").exit_code == 1
    return repository


def clone(repository):
    """Return another's clone."""
    other = repository.place.parent / "other"
    git(repository.place.parent, "clone", "-q", str(repository.place.parent / "remote.git"), str(other))
    git(other, "config", "user.email", "other@example.org")
    git(other, "config", "user.name", "Other")
    return other


def frozen(repository):
    repository.run("release", NEW)
    repository.verified("dev")
    assert repository.run("hold", "staging", "--reason", "end of year").exit_code == 1

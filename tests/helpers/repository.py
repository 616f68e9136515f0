"""A git repository that holds the manifests, and the commands that change it."""

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

from click.testing import CliRunner

from gitops.cli.main import main

NEW, NEWER = (f"1.{n}.0@sha256:{str(n) * 64}" for n in (1, 2))
DIGEST = NEW.partition("@")[2]
SUBJECT = "release(score-app): dev 1.1.0"
"""Of the commit that releases NEW."""
PROMOTE = ("promote", "dev", "staging")


def git(place, *args):
    done = subprocess.run(["git", "-C", str(place), *args], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def subject(folder, ref="refs/heads/main"):
    """Return the subject of the newest commit."""
    return git(folder, "log", "-1", "--format=%s", ref)


class Repository:
    """A clone of a bare remote that holds the manifests."""

    def __init__(self, place):
        self.place = place

    def git(self, *args):
        return git(self.place, *args)

    def run(self, *args):
        done = CliRunner().invoke(main, [*args, "--root", str(self.place)])
        # Anything else is a crash.
        assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
        return done

    def change(self, *args):
        """Run a command that must change something."""
        done = self.run(*args, "--detailed-exitcode")
        assert done.exit_code == 3, done.output
        return done

    def hook(self, name, script):
        """Let git run a script, and return its file; what is run when something is received is the remote's."""
        folder = self.place.parent / "remote.git" if "receive" in name else self.place / ".git"
        path = folder / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def overlay(self, environment):
        return self.place / "overlays" / environment / "kustomization.yaml"

    def commit(self, message="a change"):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        self.git("push", "-q", "origin", "HEAD:main")

    def verified(self, environment, minutes=0):
        """Record that an environment was verified, as verify does against a cluster."""
        rows = json.loads(self.run("status", "--json").output)
        row = next(each for each in rows if each["environment"] == environment)
        time = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="seconds")
        entry = {"time": time, "action": "verify", "actor": "a test", "tag": row["tag"], "digest": row["digest"]}
        entry |= {"commit": row["manifests"]} | ({"mounted": row["mounted"]} if row["mounted"] else {})
        with (self.place / "promotions" / f"{environment}.jsonl").open("a") as ledger:
            ledger.write(json.dumps(entry) + "\n")
        self.commit(f"verify {environment}")


def copied(origin, place):
    """Copy a repository and its remote, which are in one folder, into another one."""
    for each in ("remote.git", "clone"):
        shutil.copytree(origin / each, place / each)
    found = Repository(place / "clone")
    config = found.place / ".git" / "config"
    config.write_text(config.read_text().replace(str(origin), str(place)))
    # The copied files are those that the index knows.
    found.git("update-index", "-q", "--refresh")
    return found


def promoted(repository):
    """Promote a release to staging."""
    repository.change("release", NEW)
    repository.verified("dev")
    repository.change("promote", "dev", "staging")
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
    repository.change("freeze", "staging", "--reason", "end of year")

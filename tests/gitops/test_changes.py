"""A release is one changed value, one ledger line and one commit, and a rollback is the same."""

import json
import re
import shutil

import pytest

from gitops.environments import load
from gitops.ledger import states
from gitops.models import bundle_manifests, in_image
from gitops.repository import Repository
from tests.helpers.manifests import ROOT
from tests.helpers.repository import DIGEST, NEW, NEWER, PROMOTE, clone, frozen, git, promoted


def test_a_version_goes_all_the_way(repository):
    repository.run("release", NEW)
    before = repository.overlay("staging").read_text()
    repository.verified("dev")
    repository.change("promote", "dev", "staging")
    changed = repository.overlay("staging").read_text()
    lines = [(a, b) for a, b in zip(before.splitlines(), changed.splitlines(), strict=True) if a != b]
    assert [b.strip() for _, b in lines] == ['newTag: "1.1.0"', f"digest: {DIGEST}"]
    assert repository.git("log", "-1", "--format=%s") == "promote(score-app): dev -> staging 1.1.0"
    trailers = repository.git("log", "-1", "--format=%(trailers)")
    commit = repository.git("log", "-1", "--format=%H", "--", "base", "components")
    lines = rf"Promoted-From: dev@\w{{12}}\nImage-Digest: {DIGEST}\nManifests: {commit}\nChange-Id: \w{{32}}"
    assert re.search(lines, trailers)
    assert repository.git("show", "--name-only", "--format=").splitlines() == [
        "overlays/staging/kustomization.yaml",
        "promotions/staging.jsonl",
        "rendered/staging/deployment-score-app.yaml",
    ]
    assert repository.git("rev-parse", "HEAD") == repository.git("rev-parse", "origin/main")
    repository.verified("staging", minutes=31)
    repository.change("promote", "staging", "prod")
    rows = json.loads(repository.run("status", "--json").output)
    assert [row["tag"] for row in rows] == ["1.1.0"] * 3
    assert [bool(row["verified"]) for row in rows] == [True, True, False]


def test_again_is_nothing(repository):
    promoted(repository)
    head = repository.git("rev-parse", "HEAD")
    done = repository.run("promote", "dev", "staging")
    assert (done.exit_code, done.output) == (0, "nothing to do\n")
    assert repository.git("rev-parse", "HEAD") == head


def test_a_dry_run_goes_the_same_way_and_writes_nothing(repository):
    head = repository.git("rev-parse", "HEAD")
    done = repository.change("release", NEW, "--dry-run")
    assert f"'ghcr.io/score-app/score-app:1.1.0@{DIGEST}'" in done.output
    assert "release(score-app): dev 1.1.0" in done.output
    assert (repository.git("rev-parse", "HEAD"), repository.git("status", "--porcelain")) == (head, "")


def test_a_rollback_brings_back_what_was_verified_and_holds_the_rest(repository):
    repository.run("release", NEW)
    repository.verified("dev")
    repository.run("release", NEWER)
    repository.change("rollback", "dev", "--reason", "wrong answers")
    assert DIGEST in repository.overlay("dev").read_text()
    assert f"Rollback-Of: {NEWER.partition('@')[2]}" in repository.git("log", "-1", "--format=%(trailers)")
    repository.change("release", NEWER, "--force-held", "it was the network")
    assert NEWER.partition("@")[2] in repository.overlay("dev").read_text()


def test_a_second_rollback_does_not_bring_back_what_the_first_one_held(repository):
    repository.run("release", NEW)
    repository.verified("dev")
    repository.run("release", NEWER)
    repository.verified("dev")
    repository.change("rollback", "dev", "--reason", "wrong answers")
    repository.run("release", f"1.3.0@sha256:{'3' * 64}")
    repository.change("rollback", "dev", "--reason", "wrong too")
    assert DIGEST in repository.overlay("dev").read_text()


def test_a_frozen_environment_is_unfrozen(repository):
    frozen(repository)
    repository.change("unfreeze", "staging")
    repository.change(*PROMOTE)


@pytest.fixture
def race(repository, monkeypatch):
    """Return a function that lets another push land between the checks and ours, of a change to this file."""

    def late(touched):
        other, push = None, Repository.push

        def first(self, remote, branch):
            nonlocal other
            if other is None:
                other = clone(repository)
                page = other / touched
                page.write_text(page.read_text() + "\n")
                git(other, "commit", "-q", "-a", "-m", "another's")
                git(other, "push", "-q")
            push(self, remote, branch)

        monkeypatch.setattr(Repository, "push", first)

    return late


def test_who_loses_a_race_tries_again_if_the_other_did_something_else(repository, race):
    race("overlays/prod/kustomization.yaml")
    repository.change("release", NEW)
    assert repository.git("log", "-2", "--format=%s").splitlines() == ["release(score-app): dev 1.1.0", "another's"]
    assert repository.git("rev-parse", "HEAD") == repository.git("rev-parse", "origin/main")


def test_who_loses_a_race_for_the_same_environment_writes_nothing(repository, race):
    race("overlays/dev/kustomization.yaml")
    done = repository.run("release", NEW)
    assert done.exit_code == 2
    assert "somebody else has changed overlays/dev/kustomization.yaml meanwhile" in done.output
    assert repository.git("log", "-1", "--format=%s") == "another's"
    assert repository.git("status", "--porcelain") == ""


def test_a_pull_request_is_a_branch_and_a_text_for_its_reviewer(repository):
    before = repository.git("rev-parse", "HEAD")
    done = repository.change("release", NEW, "--pr")
    assert "branch release-score-app-dev-1.1.0; its pull request is described in build/pull-request.md" in done.output
    assert (repository.git("rev-parse", "HEAD"), repository.git("branch", "--show-current")) == (before, "main")
    assert repository.git("log", "-1", "--format=%s", "origin/release-score-app-dev-1.1.0").startswith("release(")
    page = (repository.place / "build" / "pull-request.md").read_text()
    assert f"score-app:1.1.0@{DIGEST}" in page
    again = repository.run("release", NEW, "--pr")
    assert (again.exit_code, "there is a branch release-score-app-dev-1.1.0 already" in again.output) == (2, True)
    repository.git("merge", "-q", "origin/release-score-app-dev-1.1.0")
    assert repository.run("release", NEW, "--no-push").exit_code == 0


def test_without_a_network_only_no_push_commits(repository):
    repository.git("remote", "set-url", "origin", "http://127.0.0.1:9/nowhere.git")
    done = repository.run("release", NEW)
    assert (done.exit_code, "origin cannot be reached; --no-push only commits" in done.output) == (2, True)
    repository.change("release", NEW, "--no-push")
    assert repository.git("log", "-1", "--format=%s") == "release(score-app): dev 1.1.0"


def test_the_ledger_says_which_models_an_image_holds(repository):
    shutil.copytree(ROOT / "model" / "bundles" / "iris", repository.place / "model" / "bundles" / "iris")
    repository.commit("a model")
    version = json.loads((repository.place / "model" / "bundles" / "iris" / "manifest.json").read_text())["version"]
    promoted(repository)
    assert f"Model: iris {version}" in repository.git("log", "-1", "--format=%(trailers)")
    shutil.rmtree(repository.place / "model")
    repository.commit("no model any more")
    rows = json.loads(repository.run("status", "--json").output)
    assert [row["models"] for row in rows] == [{"iris": version}, {"iris": version}, {"iris": None}]
    recorded = states(repository.place, load(repository.place).names).values()
    versions = in_image(repository.place, recorded, DIGEST)
    (found,) = bundle_manifests(Repository(repository.place), versions, ("iris",))
    assert found.version == version


def test_renders_are_written_and_found_stale(repository):
    assert repository.run("render", "--check").exit_code == 0
    repository.run("release", NEW)
    assert repository.run("render", "--check").exit_code == 0
    page = repository.overlay("dev")
    page.write_text(page.read_text().replace("count: 2", "count: 3"))
    done = repository.run("render", "--check")
    assert (done.exit_code, done.output) == (1, "stale: rendered/dev/deployment-score-app.yaml\n")


def test_a_difference_is_shown_by_object_and_field(repository):
    repository.run("release", NEW)
    done = repository.change("diff", "staging", "dev", "--markdown")
    assert repository.run("diff", "staging", "dev").exit_code == 0
    assert re.search(
        r"- `Deployment/score-app: spec\.template\.spec\.containers\[score-app\]\.image: '.*' -> '.*1\.1\.0@",
        done.output,
    )

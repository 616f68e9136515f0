"""A version moves by one scalar, one ledger line and one commit, and goes back the same way."""

import json
import re
import shutil

import pytest

from gitops.models import manifests
from gitops.moves import Mover
from gitops.repo import Repo
from gitops.stages import load
from tests.gitops.conftest import DIGEST, NEW, NEWER, PROMOTE, clone, frozen, git, moved
from tests.manifests.conftest import ROOT


def test_a_version_goes_all_the_way(repository):
    repository.run("release", NEW)
    before = repository.page("staging").read_text()
    repository.verified("dev")
    done = repository.run("promote", "dev", "staging")
    assert done.exit_code == 1, done.output
    changed = repository.page("staging").read_text()
    lines = [(a, b) for a, b in zip(before.splitlines(), changed.splitlines(), strict=True) if a != b]
    assert [b.strip() for _, b in lines] == ['newTag: "1.1.0"', f"digest: {DIGEST}"]
    assert repository.git("log", "-1", "--format=%s") == "promote(score-app): dev -> staging 1.1.0"
    trailers = repository.git("log", "-1", "--format=%(trailers)")
    assert re.search(rf"Promoted-From: dev@\w{{12}}\nImage-Digest: {DIGEST}\nChange-Id: \w{{32}}", trailers)
    assert repository.git("show", "--name-only", "--format=").splitlines() == [
        "overlays/staging/kustomization.yaml", "promotions/staging.jsonl"
    ]  # fmt: skip
    assert repository.git("rev-parse", "HEAD") == repository.git("rev-parse", "origin/main")
    repository.verified("staging", minutes=31)
    assert repository.run("promote", "staging", "prod").exit_code == 1
    rows = json.loads(repository.run("status", "--json").output)
    assert [row["tag"] for row in rows] == ["1.1.0"] * 3
    assert [bool(row["verified"]) for row in rows] == [True, True, False]


def test_again_is_nothing(repository):
    moved(repository)
    head = repository.git("rev-parse", "HEAD")
    done = repository.run("promote", "dev", "staging")
    assert (done.exit_code, done.output) == (0, "nothing to do: it is there already\n")
    assert repository.git("rev-parse", "HEAD") == head


def test_a_dry_run_goes_the_same_way_and_writes_nothing(repository):
    head = repository.git("rev-parse", "HEAD")
    done = repository.run("release", NEW, "--dry-run")
    assert done.exit_code == 1
    assert f"'ghcr.io/score-app/score-app:1.1.0@{DIGEST}'" in done.output
    assert "release(score-app): dev 1.1.0" in done.output
    assert (repository.git("rev-parse", "HEAD"), repository.git("status", "--porcelain")) == (head, "")


def test_a_rollback_brings_back_what_was_verified_and_holds_the_rest(repository):
    repository.run("release", NEW)
    repository.verified("dev")
    repository.run("release", NEWER)
    done = repository.run("rollback", "dev", "--reason", "wrong answers")
    assert done.exit_code == 1, done.output
    assert DIGEST in repository.page("dev").read_text()
    assert f"Rollback-Of: {NEWER.partition('@')[2]}" in repository.git("log", "-1", "--format=%(trailers)")
    assert repository.run("release", NEWER, "--force-held", "it was the network").exit_code == 1
    assert NEWER.partition("@")[2] in repository.page("dev").read_text()


def test_a_second_rollback_does_not_bring_back_what_the_first_one_held(repository):
    repository.run("release", NEW)
    repository.verified("dev")
    repository.run("release", NEWER)
    repository.verified("dev")
    assert repository.run("rollback", "dev", "--reason", "wrong answers").exit_code == 1
    repository.run("release", f"1.3.0@sha256:{'3' * 64}")
    assert repository.run("rollback", "dev", "--reason", "wrong too").exit_code == 1
    assert DIGEST in repository.page("dev").read_text()


def test_a_hold_is_lifted(repository):
    frozen(repository)
    assert repository.run("unhold", "staging").exit_code == 1
    assert repository.run(*PROMOTE).exit_code == 1


@pytest.fixture
def race(repository, monkeypatch):
    """Return a function that lets another push land between the checks and ours, of a change to this file."""

    def late(touched):
        other, push = None, Repo.push

        def first(self, branch):
            nonlocal other
            if other is None:
                other = clone(repository)
                page = other / touched
                page.write_text(page.read_text() + "\n")
                git(other, "commit", "-q", "-a", "-m", "another's")
                git(other, "push", "-q")
            push(self, branch)

        monkeypatch.setattr(Repo, "push", first)

    return late


def test_who_loses_a_race_tries_again_if_the_other_did_something_else(repository, race):
    race("overlays/prod/kustomization.yaml")
    done = repository.run("release", NEW)
    assert done.exit_code == 1, done.output
    assert repository.git("log", "-2", "--format=%s").splitlines() == ["release(score-app): dev 1.1.0", "another's"]
    assert repository.git("rev-parse", "HEAD") == repository.git("rev-parse", "origin/main")


def test_who_loses_a_race_for_the_same_environment_writes_nothing(repository, race):
    race("overlays/dev/kustomization.yaml")
    done = repository.run("release", NEW)
    assert done.exit_code == 2
    assert "somebody else was faster and changed overlays/dev/kustomization.yaml" in done.output
    assert repository.git("log", "-1", "--format=%s") == "another's"
    assert repository.git("status", "--porcelain") == ""


def test_a_pull_request_is_a_branch_and_a_page_for_its_reviewer(repository):
    before = repository.git("rev-parse", "HEAD")
    done = repository.run("release", NEW, "--pr")
    assert done.exit_code == 1, done.output
    assert "branch release-score-app-dev-1.1.0; build/pull-request.md says what it changes" in done.output
    assert (repository.git("rev-parse", "HEAD"), repository.git("branch", "--show-current")) == (before, "main")
    assert repository.git("log", "-1", "--format=%s", "origin/release-score-app-dev-1.1.0").startswith("release(")
    page = (repository.place / "build" / "pull-request.md").read_text()
    assert f"score-app:1.1.0@{DIGEST}" in page
    again = repository.run("release", NEW, "--pr")
    assert (again.exit_code, "there is a branch release-score-app-dev-1.1.0 already" in again.output) == (2, True)
    repository.git("merge", "-q", "origin/release-score-app-dev-1.1.0")
    assert repository.run("release", NEW, "--no-push").exit_code == 0


def test_without_a_network_it_is_said_and_can_be_done_here(repository):
    repository.git("remote", "set-url", "origin", "http://127.0.0.1:9/nowhere.git")
    done = repository.run("release", NEW)
    assert (done.exit_code, "origin cannot be reached; --no-push commits here only" in done.output) == (2, True)
    assert repository.run("release", NEW, "--no-push").exit_code == 1
    assert repository.git("log", "-1", "--format=%s") == "release(score-app): dev 1.1.0"


def test_the_ledger_says_which_models_an_image_holds(repository):
    shutil.copytree(ROOT / "model" / "bundles" / "iris", repository.place / "model" / "bundles" / "iris")
    repository.commit("a model")
    version = json.loads((repository.place / "model" / "bundles" / "iris" / "manifest.json").read_text())["version"]
    moved(repository)
    assert f"Model: iris {version}" in repository.git("log", "-1", "--format=%(trailers)")
    shutil.rmtree(repository.place / "model")
    repository.commit("no model any more")
    rows = json.loads(repository.run("status", "--json").output)
    assert [row["models"] for row in rows] == [{"iris": version}, {"iris": version}, {"iris": None}]
    stages = load(repository.place)
    mover = Mover(Repo(repository.place), stages)
    (found,) = manifests(mover.repo, mover.models(DIGEST), ("iris",))
    assert found.version == version


def test_renders_are_written_and_found_stale(repository):
    assert repository.run("render").exit_code == 1
    assert repository.run("render", "--check").exit_code == 0
    repository.commit("render")
    repository.run("release", NEW)
    assert repository.run("render", "--check").exit_code == 0
    page = repository.page("dev")
    page.write_text(page.read_text().replace("count: 2", "count: 3"))
    done = repository.run("render", "--check")
    assert (done.exit_code, done.output) == (1, "stale: dev.yaml\n")


def test_a_difference_is_told_by_object_and_field(repository):
    repository.run("release", NEW)
    done = repository.run("diff", "staging", "dev", "--markdown")
    assert done.exit_code == 1
    assert re.search(
        r"- `Deployment/score-app: spec\.template\.spec\.containers\[score-app\]\.image: '.*' -> '.*1\.1\.0@",
        done.output,
    )

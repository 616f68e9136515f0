"""A version moves by one scalar, one ledger line and one commit, and whatever must not be is refused."""

import json
import re
import shutil

import pytest

from gitops.models import manifests
from gitops.moves import Mover
from gitops.repo import Repo
from gitops.stages import load
from tests.gitops.conftest import NEW, NEWER, git
from tests.manifests.conftest import ROOT

TAG, _, DIGEST = NEW.partition("@")


def moved(repository):
    """Bring a version to staging."""
    assert repository.run("release", NEW).exit_code == 1
    repository.verified("dev")
    assert repository.run("promote", "dev", "staging").exit_code == 1
    return repository


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


def dirty(repository):
    repository.page("dev").write_text(repository.page("dev").read_text() + "\n")


def clone(repository):
    """Return another's clone."""
    other = repository.place.parent / "other"
    git(repository.place.parent, "clone", "-q", str(repository.place.parent / "remote.git"), str(other))
    git(other, "config", "user.email", "other@example.org")
    git(other, "config", "user.name", "Other")
    return other


def behind(repository):
    other = clone(repository)
    git(other, "commit", "-q", "--allow-empty", "-m", "more")
    git(other, "push", "-q")


def unverified(repository):
    repository.run("release", NEW)


def unsoaked(repository):
    moved(repository).verified("staging", minutes=10)


def frozen(repository):
    repository.run("release", NEW)
    repository.verified("dev")
    assert repository.run("hold", "staging", "--reason", "end of year").exit_code == 1


def held(repository):
    repository.verified("dev")
    repository.run("release", NEW)
    assert repository.run("rollback", "dev", "--reason", "wrong answers").exit_code == 1


def unmatched(repository):
    page = repository.place / "base" / "deployment.yaml"
    page.write_text(page.read_text().replace("image: score-app", "image: another@sha256:" + "1" * 64))
    repository.commit()


def broken_rule(repository):
    page = repository.place / "base" / "deployment.yaml"
    page.write_text(page.read_text().replace("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"))
    repository.commit()


def missing_setting(repository):
    moved(repository)
    page = repository.page("staging")
    page.write_text(page.read_text().replace("LOG_LEVEL=info", "LOG_LEVEL=info\n      - MAX_BODY=1m"))
    repository.commit()
    repository.verified("staging", minutes=31)


def another_user(repository):
    """Let a second container, which is no part of the agreement, run the same image."""
    page = repository.place / "base" / "deployment.yaml"
    text = page.read_text()
    page.write_text(
        text.replace(
            "      containers:\n",
            "      initContainers:\n        - name: warm\n          image: score-app\n      containers:\n",
        )
    )
    repository.commit()


def unknown_setting(repository):
    page = repository.page("dev")
    page.write_text(page.read_text().replace("PUBLIC_METRICS=1", "PUBLIC_METRICS=1\n      - NEW_SETTING=1"))
    repository.commit()


RELEASE = ("release", NEW)
PROMOTE = ("promote", "dev", "staging")
REFUSALS = {
    "a working tree with changes": (dirty, RELEASE, "the working tree has changes: commit or stash them"),
    "no branch": (lambda r: r.git("checkout", "-q", "--detach"), RELEASE, "no branch is checked out: git switch main"),
    "another branch": (lambda r: r.git("switch", "-q", "-c", "x"), RELEASE, "versions move on main: git switch main"),
    "a branch that is behind": (behind, RELEASE, "main is behind origin/main: git pull"),
    "a stage left out": (unverified, ("promote", "dev", "prod"), "prod does not follow dev: promote to staging first"),
    "backwards": (None, ("promote", "prod", "dev"), "versions only go forward; use rollback dev"),
    "an unknown stage": (None, ("promote", "dev", "qa"), "there is no stage 'qa'; there are dev, staging, prod"),
    "not verified": (unverified, PROMOTE, "dev has not verified 1.1.0.*: run verify dev first"),
    "not for long enough": (unsoaked, ("promote", "staging", "prod"), "for 10 of 30 min: wait"),
    "a tag without a digest": (None, ("release", "1.2.3"), "is no digest: give TAG@sha256"),
    "a digest that is none": (None, ("release", "1.2.3@sha256:nothex"), "is no digest"),
    "latest": (None, ("release", f"latest@sha256:{'1' * 64}"), "is no tag of a release"),
    "an image that no container uses": (unmatched, RELEASE, "no container uses the image"),
    "a change that reaches further": (another_user, RELEASE, r"reaches further than an image: .*initContainers"),
    "a broken rule": (broken_rule, RELEASE, "the change breaks a rule: dev: .* may write to its root"),
    "a setting that the service lacks": (unknown_setting, RELEASE, "NEW_SETTING is no setting"),
    "a setting that the next stage lacks": (
        missing_setting,
        ("promote", "staging", "prod"),
        "prod lacks the setting MAX_BODY, which staging has: set it",
    ),
    "a stage on hold": (frozen, PROMOTE, r"staging is on hold \(end of year\): unhold staging first"),
    "what was rolled back": (held, RELEASE, r"was rolled back in dev \(wrong answers\): --force-held REASON"),
    "nothing to go back to": (None, ("rollback", "dev", "--reason", "x"), "nothing to go back to"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_it_refuses(refusal, repository):
    spoil, command, said = REFUSALS[refusal]
    if spoil is not None:
        spoil(repository)
    before = (repository.git("rev-parse", "HEAD"), repository.git("status", "--porcelain"))
    done = repository.run(*command)
    assert done.exit_code == 2, done.output
    assert re.search(f"error: .*{said}", done.output), done.output
    assert (repository.git("rev-parse", "HEAD"), repository.git("status", "--porcelain")) == before


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

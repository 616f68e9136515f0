"""A version moves by one scalar, one ledger line and one commit, and whatever must not be is refused."""

import json
import re

import pytest

from gitops.repo import Repo
from tests.gitops.conftest import NEW, NEWER, git

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


def behind(repository):
    other = repository.place.parent / "other"
    git(repository.place.parent, "clone", "-q", str(repository.place.parent / "remote.git"), str(other))
    git(other, "config", "user.email", "other@example.org")
    git(other, "config", "user.name", "Other")
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
    "a broken rule": (broken_rule, RELEASE, "the change breaks a rule: dev: .* may write to its root"),
    "a setting that the service lacks": (unknown_setting, RELEASE, "NEW_SETTING is no setting"),
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


def test_a_hold_is_lifted(repository):
    frozen(repository)
    assert repository.run("unhold", "staging").exit_code == 1
    assert repository.run(*PROMOTE).exit_code == 1


def test_of_two_who_race_one_wins_and_nothing_of_the_other_stays(repository, monkeypatch):
    """Another push lands between the checks and ours."""
    push = Repo.push

    def late(self, branch):
        behind(repository)
        push(self, branch)

    monkeypatch.setattr(Repo, "push", late)
    head = repository.git("rev-parse", "HEAD")
    done = repository.run("release", NEW)
    assert (done.exit_code, "somebody else was faster" in done.output) == (2, True)
    assert (repository.git("rev-parse", "HEAD"), repository.git("status", "--porcelain")) == (head, "")
    monkeypatch.undo()
    repository.git("pull", "-q", "--rebase", "origin", "main")
    assert repository.run("release", NEW).exit_code == 1


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

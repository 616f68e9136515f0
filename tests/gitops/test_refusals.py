"""Whatever must not be is refused in a sentence that says what to do instead, and nothing is written."""

import re

import pytest

from tests.gitops.conftest import NEW, PROMOTE, clone, frozen, git, moved


def dirty(repository):
    repository.page("dev").write_text(repository.page("dev").read_text() + "\n")


def behind(repository):
    other = clone(repository)
    git(other, "commit", "-q", "--allow-empty", "-m", "more")
    git(other, "push", "-q")


def unverified(repository):
    repository.run("release", NEW)


def unsoaked(repository):
    moved(repository).verified("staging", minutes=10)


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
    page.write_text(page.read_text().replace("LOG_LEVEL=info", "LOG_LEVEL=info\n      - MAX_ROWS=1000"))
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
        "prod lacks the setting MAX_ROWS, which staging has: set it",
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

"""Every refusal is one sentence that says what to do instead, and nothing is changed."""

import re

import pytest

from tests.helpers.repository import NEW, PROMOTE, clone, frozen, git, promoted


def dirty(repository):
    repository.overlay("dev").write_text(repository.overlay("dev").read_text() + "\n")


def behind(repository):
    other = clone(repository)
    git(other, "commit", "-q", "--allow-empty", "-m", "more")
    git(other, "push", "-q")


def unverified(repository):
    repository.run("release", NEW)


def unsoaked(repository):
    promoted(repository).verified("staging", minutes=10)


def held(repository):
    repository.verified("dev")
    repository.run("release", NEW)
    repository.change("rollback", "dev", "--reason", "wrong answers")


def unmatched(repository):
    page = repository.place / "base" / "deployment.yaml"
    page.write_text(page.read_text().replace("image: score-app", "image: another@sha256:" + "1" * 64))
    repository.commit()


def broken_rule(repository):
    page = repository.place / "base" / "deployment.yaml"
    page.write_text(page.read_text().replace("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"))
    repository.commit()


def missing_setting(repository):
    promoted(repository)
    page = repository.overlay("staging")
    page.write_text(page.read_text().replace("LOG_LEVEL=info", "LOG_LEVEL=info\n      - MAX_ROWS=1000"))
    repository.commit()
    repository.verified("staging", minutes=31)


def unreviewed(repository):
    """Edit staging's overlay, and do not render it."""
    repository.run("release", NEW)
    repository.verified("dev")
    page = repository.overlay("staging")
    page.write_text(page.read_text().replace("LOG_LEVEL=info", "LOG_LEVEL=debug"))
    repository.commit()


def another_selector(repository):
    repository.run("release", NEW)
    page = repository.place / "base" / "deployment.yaml"
    page.write_text(page.read_text().replace("      app: score-app\n  template", "      env: dev\n  template"))
    repository.commit()


def unknown_setting(repository):
    page = repository.overlay("dev")
    page.write_text(page.read_text().replace("PUBLIC_METRICS=1", "PUBLIC_METRICS=1\n      - NEW_SETTING=1"))
    repository.commit()


def without(field):
    """Return what takes a field of the image out of the overlay of dev."""

    def spoil(repository):
        page = repository.overlay("dev")
        page.write_text(re.sub(rf"    {field}: .*\n", "", page.read_text()))
        repository.commit()

    return spoil


def retagged(repository):
    promoted(repository).verified("staging", minutes=31)
    page = repository.overlay("staging")
    page.write_text(page.read_text().replace('newTag: "1.1.0"', 'newTag: "1.9.0"'))
    repository.commit()


def proposed_by_another(repository):
    other = clone(repository)
    git(other, "commit", "-q", "--allow-empty", "-m", "the same")
    git(other, "push", "-q", "origin", "main:release-score-app-dev-1.1.0")


RELEASE = ("release", NEW)
REFUSALS = {
    "a working tree with changes": (dirty, RELEASE, "the working tree has changes: commit or stash them"),
    "no branch": (lambda r: r.git("checkout", "-q", "--detach"), RELEASE, "no branch is checked out: git switch main"),
    "another branch": (
        lambda r: r.git("switch", "-q", "-c", "x"),
        RELEASE,
        "releases are committed to main: git switch main",
    ),
    "a branch that is behind": (behind, RELEASE, "main is behind origin/main: git pull"),
    "an environment left out": (
        unverified,
        ("promote", "dev", "prod"),
        "prod does not follow dev: promote to staging first",
    ),
    "backwards": (None, ("promote", "prod", "dev"), "releases only go forward; use rollback dev"),
    "an unknown stage": (None, ("promote", "dev", "qa"), "there is no environment 'qa'; there are dev, staging, prod"),
    "not verified": (unverified, PROMOTE, "dev has not verified 1.1.0.*: run verify dev first"),
    "not for long enough": (unsoaked, ("promote", "staging", "prod"), "for 10 of 30 min: wait"),
    "a tag without a digest": (None, ("release", "1.2.3"), "1.2.3 has no digest: use TAG@sha256"),
    "a digest that is none": (None, ("release", "1.2.3@sha256:nothex"), "is not a digest"),
    "an image without a digest": (
        without("digest"),
        RELEASE,
        "has no digest under images: add the line digest: sha256:0",
    ),
    "an image without a tag": (without("newTag"), RELEASE, 'has no newTag under images: add the line newTag: "unrel'),
    "a tag that was written by hand": (
        retagged,
        ("promote", "staging", "prod"),
        'images names the tag 1.9.0 with a digest that was released as 1.1.0: write newTag "1.1.0" again',
    ),
    "what another has proposed": (
        proposed_by_another,
        (*RELEASE, "--pr"),
        "origin has a branch release-score-app-dev-1.1.0 already, by somebody .* push origin --delete",
    ),
    "latest": (None, ("release", f"latest@sha256:{'1' * 64}"), "is not the tag of a release"),
    "an image that no container uses": (unmatched, RELEASE, "no container uses the image"),
    "an edit that nobody has rendered": (unreviewed, PROMOTE, "python -m gitops render staging, then commit"),
    "another selector": (another_selector, ("release", "--manifests"), "as Kubernetes keeps a selector"),
    "a broken rule": (broken_rule, RELEASE, "the change breaks a rule: dev: .* may write to its root"),
    "a setting that the service lacks": (unknown_setting, RELEASE, "NEW_SETTING is no setting"),
    "a setting that the next environment lacks": (
        missing_setting,
        ("promote", "staging", "prod"),
        "prod lacks the setting MAX_ROWS, which staging has: set it",
    ),
    "a frozen environment": (frozen, PROMOTE, r"staging is frozen \(end of year\): unfreeze staging first"),
    "what was rolled back": (held, RELEASE, r": rolled back in dev \(wrong answers\); --force-held REASON"),
    "nothing to roll back to": (None, ("rollback", "dev", "--reason", "x"), "no earlier verified release"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_it_refuses(refusal, repository):
    spoil, command, message = REFUSALS[refusal]
    if spoil is not None:
        spoil(repository)
    before = (repository.git("rev-parse", "HEAD"), repository.git("status", "--porcelain"))
    done = repository.run(*command)
    assert done.exit_code == 2, done.output
    assert re.search(f"error: .*{message}", done.output), done.output
    assert (repository.git("rev-parse", "HEAD"), repository.git("status", "--porcelain")) == before

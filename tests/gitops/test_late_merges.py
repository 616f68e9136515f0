"""A promotion that was merged after its release was rolled back, or that nobody has verified, is named by `check`."""

import json
from time import sleep

import pytest

from tests.gitops.test_whole_release import base_edit, rows
from tests.helpers.repository import NEWER, promoted
from tests.helpers.sample import sample

TO_PROD = ("promote", "staging", "prod")
BACK = ("--reason", "half of the bodies are refused")


@pytest.fixture
def staged(repository):
    """Return a repository with two verified releases in staging, and the older one in prod."""
    sample(repository.place, "clusters", "README.md", ".github")
    repository.commit("the rest")
    promoted(repository).verified("staging", minutes=61)
    repository.change(*TO_PROD)
    repository.verified("prod", minutes=60)
    base_edit(repository)
    repository.change("release", "--manifests")
    repository.verified("dev", minutes=32)
    repository.change("promote", "dev", "staging")
    repository.verified("staging", minutes=31)
    return repository


def proposed(repository, *more):
    """Propose a promotion to prod, and return its branch."""
    return json.loads(repository.run(*TO_PROD, "--pr", "--json", *more).output)["branch"]


def merged(repository, branch):
    repository.git("merge", "-q", "--no-edit", branch)
    repository.git("push", "-q", "origin", "main")


def merged_by_hand(repository, branch, environment):
    """Merge a branch whose only conflict is in a ledger, of which both sides are kept, the branch's last."""
    page = repository.place / "promotions" / f"{environment}.jsonl"
    (repository.place / ".git" / "info" / "attributes").write_text("promotions/*.jsonl merge=union\n")
    before = page.read_text().splitlines()
    merged(repository, branch)
    after = page.read_text().splitlines()
    assert after[: len(before)] == before
    assert len(after) == len(before) + 1


def checked(repository):
    done = repository.run("check")
    return done.exit_code, done.output


def test_a_promotion_that_is_merged_in_time_is_no_fault(staged):
    merged(staged, proposed(staged))
    assert checked(staged)[0] == 0


def test_one_that_is_merged_after_a_rollback_is_named_until_it_is_taken_back(staged):
    branch = proposed(staged)
    bad = rows(staged)["staging"]["manifests"]
    staged.change("rollback", "staging", *BACK)
    assert checked(staged)[0] == 0
    merged(staged, branch)
    named = (
        f"prod: base and components of {bad[:12]} is promoted, but was rolled back in staging (half of the bodies are "
        "refused): do not merge this; if it is merged: python -m gitops rollback prod --reason REASON\n"
    )
    assert checked(staged) == (1, named)
    # That it answers there does not make it better.
    staged.verified("prod")
    assert checked(staged) == (1, named)
    staged.change("rollback", "prod", *BACK)
    assert checked(staged)[0] == 0


def test_what_prod_had_verified_before_is_its_own_matter(staged):
    merged(staged, proposed(staged))
    staged.verified("prod", minutes=1)
    staged.change("rollback", "staging", *BACK)
    assert checked(staged)[0] == 0


def test_what_was_forced_is_named_only_if_it_is_rolled_back_once_more(staged):
    staged.change("release", NEWER)
    staged.verified("dev")
    staged.change("promote", "dev", "staging")
    staged.verified("staging", minutes=31)
    staged.change("rollback", "dev", *BACK)
    refused = staged.run(*TO_PROD)
    assert (refused.exit_code, "rolled back in dev" in refused.output) == (2, True)
    branch = proposed(staged, "--force-held", "it was the network")
    staged.git("branch", "-q", "in-time", "main")
    merged(staged, branch)
    assert checked(staged)[0] == 0
    staged.git("reset", "-q", "--hard", "in-time")
    staged.git("push", "-q", "-f", "origin", "main")
    # Times in the ledger are of a second.
    sleep(1)
    staged.change("rollback", "staging", *BACK)
    merged(staged, branch)
    code, said = checked(staged)
    assert (code, said.count("was rolled back in staging"), "in dev" in said) == (1, 1, False), said


def test_a_record_that_was_reverted_verifies_nothing(staged):
    branch = proposed(staged)
    staged.git("revert", "--no-edit", "HEAD")
    merged(staged, branch)
    code, said = checked(staged)
    assert (code, "is promoted, but staging has not verified it: do not merge this; " in said) == (1, True), said


def test_an_emergency_has_its_reason(staged):
    staged.git("revert", "--no-edit", "HEAD")
    staged.git("push", "-q", "origin", "main")
    staged.change(*TO_PROD, "--allow-unverified", "the disk is full")
    assert checked(staged)[0] == 0


def test_one_that_brings_back_what_its_own_environment_has_rolled_back_is_named(staged):
    branch = proposed(staged)
    bad = rows(staged)["staging"]["manifests"][:12]
    staged.git("config", "user.email", "another@example.org")
    staged.change(*TO_PROD)
    staged.verified("prod", minutes=5)
    staged.change("rollback", "prod", *BACK)
    merged_by_hand(staged, branch, "prod")
    status, named = checked(staged)
    assert status == 1
    assert named.startswith(f"prod: base and components of {bad} is promoted, but was rolled back in prod (half of the")
    staged.change("rollback", "prod", *BACK)
    assert checked(staged)[0] == 0


def test_a_release_that_is_merged_after_it_was_rolled_back_goes_no_further(staged):
    branch = json.loads(staged.run("release", NEWER, "--pr", "--json").output)["branch"]
    staged.git("config", "user.email", "another@example.org")
    staged.change("release", NEWER)
    staged.verified("dev")
    staged.change("rollback", "dev", *BACK)
    merged_by_hand(staged, branch, "dev")
    status, named = checked(staged)
    assert status == 1
    assert "dev: 1.2.0@sha256:222222222222 is released, but was rolled back in dev (half of the bodies" in named
    staged.verified("dev")
    refused = staged.run("promote", "dev", "staging").output
    assert refused.startswith("error: 1.2.0@sha256:222222222222: rolled back in dev (half of the bodies are refused)")
    staged.change("rollback", "dev", *BACK)
    assert checked(staged)[0] == 0


def test_one_that_is_merged_into_a_frozen_environment_is_named(staged):
    branch = proposed(staged)
    staged.change("freeze", "prod", "--reason", "end of year")
    merged_by_hand(staged, branch, "prod")
    status, named = checked(staged)
    assert status == 1
    assert "is promoted, but prod was frozen (end of year): do not merge this; if it is merged: python -m" in named
    staged.change("unfreeze", "prod")
    assert checked(staged)[0] == 0
    staged.change("freeze", "prod", "--reason", "end of year")
    assert checked(staged)[0] == 0

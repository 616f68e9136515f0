"""Records are signed and judged by git itself, with keys of ssh-keygen: what no listed key has signed is refused."""

import pytest

from tests.helpers.repository import NEW, PROMOTE, git
from tests.helpers.signers import FILE, declare, plain, problems, refused, signing


def forged(repository, keys, name=None):
    """Record a verification that dev never had, signed by somebody else or by nobody."""
    plain(repository)
    if name:
        signing(repository, keys, name)
    repository.verified("dev")
    commit = repository.git("rev-parse", "HEAD")
    plain(repository)
    signing(repository, keys, "alice")
    return commit


def test_every_record_is_signed_and_a_whole_way_is_accepted(signed):
    signed.git("config", "--unset", "commit.gpgsign")
    signed.change("release", NEW)
    assert "gpgsig -----BEGIN SSH SIGNATURE-----" in signed.git("cat-file", "commit", "HEAD")
    signed.git("config", "commit.gpgsign", "true")
    signed.verified("dev")
    signed.change(*PROMOTE)
    signed.change("freeze", "staging", "--reason", "end of year")
    assert "sign" not in problems(signed)


@pytest.mark.parametrize(
    "command", [("release", NEW), ("freeze", "dev", "--reason", "x"), ("release", NEW, "--dry-run")]
)
def test_without_a_key_nothing_is_begun_and_the_commands_are_named(command, signed):
    plain(signed)
    before = signed.git("rev-parse", "HEAD")
    message = refused(signed, *command)
    assert "git config gpg.format ssh, and git config user.signingkey" in message
    assert (signed.git("rev-parse", "HEAD"), signed.git("status", "--porcelain")) == (before, "")


def test_a_key_that_is_not_listed_is_refused_before_anything_is_pushed(signed, keys):
    signing(signed, keys, "eve")
    before = signed.git("rev-parse", "HEAD")
    message = refused(signed, "release", NEW)
    assert message.startswith("error: nothing was changed: this commit is signed by")
    assert f"which is not in {FILE}" in message
    assert (signed.git("rev-parse", "HEAD"), signed.git("status", "--porcelain")) == (before, "")
    assert git(signed.place.parent / "remote.git", "rev-parse", "main") == before


@pytest.mark.parametrize(
    ("who", "fault"), [(None, "is not signed (its author is Someone"), ("eve", "is not in .signers")]
)
def test_a_record_by_nobody_or_by_another_is_refused_everywhere(who, fault, signed, keys):
    signed.change("release", NEW)
    commit = forged(signed, keys, who)
    commands = (PROMOTE, (*PROMOTE, "--dry-run"), ("verify", "dev", "--no-record"), ("freeze", "dev", "--reason", "x"))
    for message in (*(refused(signed, *each) for each in commands), problems(signed)):
        assert f"dev: its newest record, in the commit {commit[:12]} (verify dev), " in message
        assert fault in message


def test_a_revert_that_is_signed_mends_it(signed, keys):
    signed.change("release", NEW)
    commit = forged(signed, keys)
    signed.git("revert", "--no-edit", commit)
    signed.git("push", "-q", "origin", "main")
    assert "newest record" not in problems(signed)
    signed.verified("dev")
    signed.change(*PROMOTE)


def test_a_key_that_has_expired_is_refused(signed, keys):
    signed.change("release", NEW)
    declare(signed, keys.line("alice"), keys.line("bob", 'valid-before="20200101"'))
    forged(signed, keys, "bob")
    assert "has expired there" in refused(signed, *PROMOTE)


def test_a_key_that_was_removed_later_is_refused(signed, keys):
    declare(signed, keys.line("alice"), keys.line("bob"))
    signed.change("release", NEW)
    signing(signed, keys, "bob")
    signed.verified("dev")
    signing(signed, keys, "alice")
    assert "newest record" not in problems(signed)
    declare(signed, keys.line("alice"))
    assert f"which is not in {FILE}, or has expired" in refused(signed, *PROMOTE)


def test_a_merge_of_a_signed_branch_needs_no_signature(signed):
    signed.change("release", NEW)
    signed.verified("dev")
    signed.change(*PROMOTE, "--pr")
    branch = signed.git("branch", "--format=%(refname:short)", "--list", "promote*")
    signed.git("commit", "-q", "--allow-empty", "-m", "meanwhile")
    signed.git("-c", "commit.gpgsign=false", "merge", "-q", "--no-ff", "-m", "merged by a forge", branch)
    assert "sign" not in problems(signed)
    signed.git("reset", "-q", "--hard", "HEAD~1")
    signed.git("merge", "-q", "--squash", branch)
    signed.git("-c", "commit.gpgsign=false", "commit", "-q", "-m", "squashed by a forge")
    assert "staging: its newest record, in the commit" in problems(signed)


def test_a_merge_that_brings_an_older_ledger_back_is_found(signed):
    signed.change("release", NEW)
    signed.git("branch", "old")
    signed.change("freeze", "dev", "--reason", "an accident")
    plain(signed)
    signed.git("commit", "-q", "--allow-empty", "-m", "x")
    signed.git("merge", "-q", "-s", "ours", "--no-ff", "-m", "nothing to see", "old")
    assert "newest record" not in problems(signed)
    signed.git("switch", "-q", "old")
    signed.git("commit", "-q", "--allow-empty", "-m", "x")
    signed.git("merge", "-q", "-s", "ours", "--no-ff", "-m", "back", "main")
    assert "(back), is not signed" in problems(signed)


def test_a_shallow_clone_says_that_it_cannot_judge(signed):
    signed.change("release", NEW)
    place = signed.place.parent / "shallow"
    git(signed.place.parent, "clone", "-q", "--depth", "1", f"file://{signed.place.parent / 'remote.git'}", str(place))
    assert "shallow clone: git fetch --unshallow" in type(signed)(place).run("verify", "dev").output

"""Records are signed and judged by git itself, with keys of ssh-keygen: what no listed key has signed is refused."""

import re
import shutil
import subprocess

import pytest

from tests.helpers.repository import NEW, PROMOTE, git
from tests.helpers.waiting import unless

FILE = ".signers"


class Keys:
    """Keys of some people, and the lines that let them sign."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        path = self.folder / name
        if not path.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path], check=True)
        return path

    def line(self, name, options='namespaces="git"'):
        kind, key, *_ = self.path(name).with_suffix(".pub").read_text().split()
        return f"{name}@example.org {options} {kind} {key}\n"


@pytest.fixture
def keys(tmp_path, monkeypatch):
    unless(shutil.which("ssh-keygen"), "ssh-keygen is not here")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "keys").mkdir()
    return Keys(tmp_path / "keys")


def signing(repository, keys, name):
    """Let this person's key sign what git commits."""
    settings = {"gpg.format": "ssh", "user.signingkey": keys.path(name), "commit.gpgsign": "true"}
    for key, value in settings.items():
        repository.git("config", key, str(value))


def plain(repository):
    for key in ("gpg.format", "user.signingkey", "commit.gpgsign"):
        subprocess.run(["git", "-C", repository.place, "config", "--unset", key], check=False)


def declare(repository, *lines):
    (repository.place / FILE).write_text("".join(lines))
    page = repository.place / "environments.yaml"
    if "signers:" not in page.read_text():
        page.write_text(f"signers: {FILE}\n{page.read_text()}")
    repository.commit("who may sign")


@pytest.fixture
def signed(repository, keys):
    """Give a repository in which alice may sign, and does."""
    signing(repository, keys, "alice")
    declare(repository, keys.line("alice"))
    return repository


def refused(repository, *command, code=2):
    done = repository.run(*command)
    assert done.exit_code == code, done.output
    return done.output


def problems(repository):
    return repository.run("check").output


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
    said = refused(signed, *command)
    assert "git config gpg.format ssh, and git config user.signingkey" in said
    assert (signed.git("rev-parse", "HEAD"), signed.git("status", "--porcelain")) == (before, "")


def test_a_key_that_is_not_listed_is_refused_before_anything_is_pushed(signed, keys):
    signing(signed, keys, "eve")
    before = signed.git("rev-parse", "HEAD")
    said = refused(signed, "release", NEW)
    assert said.startswith("error: nothing was changed: this commit is signed by")
    assert f"which is not in {FILE}" in said
    assert (signed.git("rev-parse", "HEAD"), signed.git("status", "--porcelain")) == (before, "")
    assert git(signed.place.parent / "remote.git", "rev-parse", "main") == before


@pytest.mark.parametrize(
    ("who", "fault"), [(None, "is not signed (its author is Someone"), ("eve", "is not in .signers")]
)
def test_a_record_by_nobody_or_by_another_is_refused_everywhere(who, fault, signed, keys):
    signed.change("release", NEW)
    commit = forged(signed, keys, who)
    commands = (PROMOTE, (*PROMOTE, "--dry-run"), ("verify", "dev", "--no-record"), ("freeze", "dev", "--reason", "x"))
    for said in (*(refused(signed, *each) for each in commands), problems(signed)):
        assert f"dev: its newest record, in the commit {commit[:12]} (verify dev), " in said
        assert fault in said


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


def test_a_commit_cannot_let_itself_in(signed, keys):
    signed.change("release", NEW)
    signing(signed, keys, "eve")
    with (signed.place / FILE).open("a") as file:
        file.write(keys.line("eve"))
    signed.verified("dev")
    said = refused(signed, *PROMOTE)
    assert "(verify dev) changes who may sign, and is signed by" in said
    # Nor does a second commit, which the first one has let in.
    (signed.place / FILE).write_text(keys.line("eve"))
    signed.commit("more")
    assert "changes who may sign" in refused(signed, *PROMOTE)
    assert "changes who may sign" in problems(signed)


def test_signers_cannot_be_dropped_by_nobody(signed):
    signed.change("release", NEW)
    plain(signed)
    page = signed.place / "environments.yaml"
    page.write_text(page.read_text().replace(f"signers: {FILE}\n", ""))
    signed.commit("no signers")
    assert "(no signers) changes who may sign, and is not signed" in problems(signed)


def test_what_was_changed_in_signers_is_mended_by_one_who_was_there(signed, keys):
    plain(signed)
    declare(signed, keys.line("eve"))
    assert "changes who may sign" in problems(signed)
    signing(signed, keys, "alice")
    signed.git("revert", "--no-edit", "HEAD")
    assert "may sign" not in problems(signed)


def test_records_from_before_are_trusted_by_the_commit_that_names_signers(repository, keys):
    repository.change("release", NEW)
    repository.verified("dev")
    signing(repository, keys, "alice")
    declare(repository, keys.line("alice"))
    assert "sign" not in problems(repository)
    repository.change(*PROMOTE)
    assert "gpgsig" in repository.git("cat-file", "commit", "HEAD")


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


def test_a_branch_from_before_cannot_name_other_signers(repository, keys):
    repository.git("branch", "old")
    signing(repository, keys, "alice")
    declare(repository, keys.line("alice"))
    repository.git("switch", "-q", "old")
    signing(repository, keys, "eve")
    declare_locally = repository.place / FILE
    declare_locally.write_text(keys.line("eve"))
    page = repository.place / "environments.yaml"
    page.write_text(f"signers: {FILE}\n{page.read_text()}")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "mine")
    repository.git("merge", "-q", "-s", "ours", "-m", "merged", "main")
    assert re.search(r"changes who may sign, and is |both name signers", problems(repository))


def test_a_shallow_clone_says_that_it_cannot_judge(signed):
    signed.change("release", NEW)
    place = signed.place.parent / "shallow"
    git(signed.place.parent, "clone", "-q", "--depth", "1", f"file://{signed.place.parent / 'remote.git'}", str(place))
    assert "shallow clone: git fetch --unshallow" in type(signed)(place).run("verify", "dev").output


@pytest.mark.parametrize("value", ["/etc/passwd", "../keys", "a b", "[a]", ""])
def test_a_file_outside_of_the_repository_is_no_file_of_signers(value, repository):
    page = repository.place / "environments.yaml"
    page.write_text(f"signers: {value}\n{page.read_text()}")
    assert "cannot be used as signers" in refused(repository, "check")


def test_a_file_of_signers_that_does_not_exist_is_named(repository):
    page = repository.place / "environments.yaml"
    page.write_text(f"signers: nowhere\n{page.read_text()}")
    assert "signers names nowhere, which does not exist" in problems(repository)

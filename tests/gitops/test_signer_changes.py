"""Who may sign is changed only by one who may sign already."""

import re

import pytest

from tests.helpers.repository import NEW, PROMOTE
from tests.helpers.signers import FILE, declare, plain, problems, refused, signing


def test_a_commit_cannot_let_itself_in(signed, keys):
    signed.change("release", NEW)
    signing(signed, keys, "eve")
    with (signed.place / FILE).open("a") as file:
        file.write(keys.line("eve"))
    signed.verified("dev")
    message = refused(signed, *PROMOTE)
    assert "(verify dev) changes who may sign, and is signed by" in message
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


@pytest.mark.parametrize("value", ["/etc/passwd", "../keys", "a b", "[a]", ""])
def test_a_file_outside_of_the_repository_is_no_file_of_signers(value, repository):
    page = repository.place / "environments.yaml"
    page.write_text(f"signers: {value}\n{page.read_text()}")
    assert "cannot be used as signers" in refused(repository, "check")


def test_a_file_of_signers_that_does_not_exist_is_named(repository):
    page = repository.place / "environments.yaml"
    page.write_text(f"signers: nowhere\n{page.read_text()}")
    assert "signers names nowhere, which does not exist" in problems(repository)

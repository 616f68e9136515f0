"""Where a release is pushed to, whatever remotes, branches and tags there are."""

import pytest

from tests.helpers.repository import NEW, SUBJECT, clone, git, subject


def bare(repository, name):
    """Add a second remote that has the same commits, and return its folder."""
    folder = repository.place.parent / f"{name}.git"
    git(repository.place.parent, "clone", "-q", "--bare", str(repository.place.parent / "remote.git"), str(folder))
    repository.git("remote", "add", name, str(folder))
    return folder


def released(repository, *more):
    """Release, and require that the commit is the newest of the remote too."""
    repository.change("release", NEW, *more)
    assert repository.git("log", "-1", "--format=%s", "HEAD") == SUBJECT
    assert subject(repository.place.parent / "remote.git") == SUBJECT
    assert repository.git("status", "--porcelain") == ""


def test_the_upstream_of_the_branch_is_pushed_to(repository):
    other = bare(repository, "abc")
    repository.git("config", "branch.main.remote", "abc")
    repository.change("release", NEW)
    assert (subject(other), subject(repository.place.parent / "remote.git")) == (SUBJECT, "initial")


def test_without_an_upstream_origin_is_pushed_to(repository):
    other = bare(repository, "abc")
    released(repository)
    assert subject(other) == "initial"


def test_a_branch_for_a_pull_request_goes_to_the_same_remote(repository):
    other = bare(repository, "abc")
    repository.git("config", "branch.main.remote", "abc")
    repository.change("release", NEW, "--pr")
    assert subject(other, "refs/heads/release-score-app-dev-1.1.0") == SUBJECT


def test_no_push_makes_a_branch_that_no_remote_has(repository):
    repository.git("remote", "set-url", "origin", "http://127.0.0.1:9/nowhere.git")
    repository.change("release", NEW, "--pr", "--no-push")
    assert repository.git("log", "-1", "--format=%s", "release-score-app-dev-1.1.0") == SUBJECT


def test_the_only_remote_is_pushed_to_whatever_its_name_is(repository):
    repository.git("remote", "rename", "origin", "company")
    released(repository)


def test_of_several_remotes_none_is_guessed(repository):
    bare(repository, "abc")
    repository.git("remote", "rename", "origin", "xyz")
    done = repository.run("release", NEW)
    assert done.exit_code == 2
    assert "several remotes (abc, xyz) and none is origin: git config branch.main.remote NAME chooses" in done.output
    repository.git("config", "branch.main.remote", "xyz")
    released(repository)


def test_an_upstream_that_is_no_remote_is_named(repository):
    repository.git("config", "branch.main.remote", "gone")
    done = repository.run("release", NEW)
    assert (done.exit_code, "branch.main.remote is gone, which is not a remote" in done.output) == (2, True)


def test_a_remote_without_the_branch_gets_it(repository):
    empty = repository.place.parent / "empty.git"
    git(repository.place.parent, "init", "-q", "--bare", str(empty))
    repository.git("remote", "set-url", "origin", str(empty))
    repository.change("release", NEW)
    assert subject(empty) == SUBJECT


@pytest.mark.parametrize("name", ["main", "origin/main", "HEAD"])
def test_a_tag_is_never_taken_for_the_branch(name, repository):
    repository.git("update-ref", f"refs/tags/{name}", "HEAD")
    repository.git("push", "-q", "origin", f"refs/tags/{name}:refs/tags/{name}")
    other = clone(repository)
    git(other, "commit", "-q", "--allow-empty", "-m", "more")
    git(other, "push", "-q", "origin", "refs/heads/main:refs/heads/main")
    assert "main is behind origin/main" in repository.run("release", NEW).output
    repository.git("pull", "-q", "--rebase", "origin", "refs/heads/main")
    released(repository)
    repository.change("release", NEW.replace("1.1.0", "1.2.0"), "--pr")
    assert repository.git("symbolic-ref", "HEAD") == "refs/heads/main"


def test_a_fetch_takes_the_branch_whatever_else_is_configured(repository):
    repository.git("config", "remote.origin.fetch", "+refs/heads/nothing:refs/remotes/origin/nothing")
    repository.git("update-ref", "-d", "refs/remotes/origin/main")
    other = clone(repository)
    git(other, "commit", "-q", "--allow-empty", "-m", "more")
    git(other, "push", "-q")
    assert "main is behind origin/main" in repository.run("release", NEW).output

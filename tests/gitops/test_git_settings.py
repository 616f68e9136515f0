"""What git's own settings, remotes and layouts may not change: where a release goes, and how it is committed."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.helpers.manifests import ROOT
from tests.helpers.repository import NEW, Repository, clone, git

SUBJECT = "release(score-app): dev 1.1.0"


def bare(repository, name):
    """Add a second remote that has the same commits, and return its folder."""
    folder = repository.place.parent / f"{name}.git"
    git(repository.place.parent, "clone", "-q", "--bare", str(repository.place.parent / "remote.git"), str(folder))
    repository.git("remote", "add", name, str(folder))
    return folder


def subject(folder, ref="refs/heads/main"):
    return git(folder, "log", "-1", "--format=%s", ref)


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


SETTINGS = {
    "autocrlf": {"core.autocrlf": "true", "core.safecrlf": "true"},
    "push.default": {"push.default": "nothing", "push.autoSetupRemote": "true"},
    "names": {"core.quotepath": "true", "status.relativePaths": "true", "color.ui": "always"},
    "a template": {"commit.template": "/nowhere", "commit.verbose": "true", "commit.cleanup": "strip"},
    "comments": {"core.commentChar": "r", "commit.cleanup": "strip"},
    "encodings": {"i18n.commitEncoding": "ISO-8859-1", "i18n.logOutputEncoding": "UTF-16"},
    "short status": {"status.branch": "true", "status.short": "true", "status.showUntrackedFiles": "no"},
}


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_user_s_settings_change_nothing(settings, repository):
    (repository.place / "größe und maß.txt").write_text("x")
    repository.commit("a name that is not ASCII")
    for key, value in SETTINGS[settings].items():
        repository.git("config", key, value)
    repository.change("release", NEW)
    plain = ("-c", "i18n.logOutputEncoding=UTF-8")
    assert repository.git(*plain, "log", "-1", "--format=%s") == SUBJECT
    assert "Change-Id: " in repository.git(*plain, "log", "-1", "--format=%(trailers)")
    assert repository.git("rev-parse", "HEAD") == repository.git("rev-parse", "refs/remotes/origin/main")


def test_an_untracked_file_is_a_change_also_if_status_hides_it(repository):
    repository.git("config", "status.showUntrackedFiles", "no")
    (repository.place / "overlays" / "dev" / "more.yaml").write_text("kind: ConfigMap\n")
    done = repository.run("release", NEW)
    assert (done.exit_code, "the working tree has changes" in done.output) == (2, True)


def test_what_a_hook_inherits_leads_to_no_other_repository(repository, tmp_path, monkeypatch):
    git(tmp_path, "init", "-q", "another")
    another = tmp_path / "another"
    for name, value in {
        "GIT_DIR": another / ".git", "GIT_WORK_TREE": another, "GIT_INDEX_FILE": another / ".git" / "index",
        "GIT_PREFIX": "overlays/", "GIT_OBJECT_DIRECTORY": another / ".git" / "objects", "GIT_NAMESPACE": "x",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    repository.change("release", NEW)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"):
        monkeypatch.delenv(name)
    assert subject(repository.place.parent / "remote.git") == SUBJECT
    assert repository.git("status", "--porcelain") == ""
    assert not (another / ".git" / "index").exists()


def test_it_runs_within_a_hook(repository):
    command = f"{sys.executable} -m gitops freeze prod --reason hook --root {repository.place}"
    repository.hook("post-commit", f"rm -f $0\ncd {ROOT} && exec {command}")
    repository.git("commit", "-q", "--allow-empty", "-m", "more")
    assert subject(repository.place.parent / "remote.git") == "freeze(score-app): prod"


GPG = """#!/bin/sh
cat > /dev/null
printf '\\n[GNUPG:] SIG_CREATED D 1 8 00 0 0\\n' >&2
printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nabc\\n-----END PGP SIGNATURE-----\\n'
"""


@pytest.mark.parametrize(("script", "works"), [(GPG, True), ("#!/bin/sh\nexit 1\n", False)])
def test_a_commit_is_signed_where_that_is_configured(script, works, repository, tmp_path):
    program = tmp_path / "gpg"
    program.write_text(script)
    program.chmod(0o755)
    for key, value in (("commit.gpgsign", "true"), ("gpg.program", str(program)), ("log.showSignature", "true")):
        repository.git("config", key, value)
    before = repository.git("rev-parse", "HEAD")
    done = repository.run("release", NEW)
    assert done.exit_code == (0 if works else 2), done.output
    if works:
        assert "gpgsig -----BEGIN PGP SIGNATURE-----" in repository.git("cat-file", "commit", "HEAD")
    else:
        assert done.output.startswith("error: nothing was changed: git commit: error: gpg failed to sign")
        assert (repository.git("rev-parse", "HEAD"), repository.git("status", "--porcelain")) == (before, "")


def test_a_signature_that_is_shown_in_the_log_hides_no_model(repository, tmp_path):
    shutil.copytree(ROOT / "model" / "bundles" / "iris", repository.place / "model" / "bundles" / "iris")
    program = tmp_path / "gpg"
    program.write_text(GPG)
    program.chmod(0o755)
    for key, value in (("commit.gpgsign", "true"), ("gpg.program", str(program)), ("log.showSignature", "true")):
        repository.git("config", key, value)
    repository.commit("a model")
    done = repository.run("verify", "dev")
    assert (done.exit_code, "no cluster is configured" in done.output) == (2, True), done.output


@pytest.mark.parametrize("name", ["pre-push", "commit-msg", "prepare-commit-msg"])
def test_a_hook_that_fails_leaves_all_as_it_was(name, repository):
    repository.hook(name, "printf '\\033[31mnot [red]today[/]\\033[0m\\n' >&2\nexit 1")
    before = repository.git("rev-parse", "HEAD")
    done = repository.run("release", NEW)
    assert done.exit_code == 2
    assert "error: nothing was changed: git " in done.output
    assert "\\x1b[31mnot [red]today[/]\\x1b[0m" in done.output
    assert (repository.git("rev-parse", "HEAD"), repository.git("status", "--porcelain")) == (before, "")


def test_a_machine_without_a_name_is_refused_first(repository, monkeypatch):
    repository.git("config", "--unset", "user.name")
    repository.git("config", "--unset", "user.email")
    repository.git("config", "user.useConfigOnly", "true")
    done = repository.run("release", NEW, "--dry-run")
    assert done.exit_code == 2
    assert done.output == (
        "error: git does not know who commits: git config user.name NAME, and git config user.email ADDRESS\n"
    )
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Someone")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "someone@example.net")
    repository.change("release", NEW)
    assert '"actor": "someone@example.net"' in (repository.place / "promotions" / "dev.jsonl").read_text()


def test_a_linked_worktree_is_a_working_tree(repository):
    repository.git("switch", "-q", "-c", "side")
    place = repository.place.parent / "linked"
    repository.git("worktree", "add", "-q", str(place), "main")
    assert (place / ".git").is_file()
    Repository(place).change("release", NEW)
    Repository(place).change("release", NEW.replace("1.1.0", "1.2.0"), "--pr")
    assert subject(repository.place.parent / "remote.git") == SUBJECT
    done = repository.run("release", NEW)
    assert "this is the branch side; releases are committed to main" in done.output


def test_a_submodule_is_a_repository(repository):
    outer = repository.place.parent / "outer"
    git(repository.place.parent, "init", "-q", str(outer))
    remote = str(repository.place.parent / "remote.git")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "-b", "main", remote, "app")
    inner = Repository(outer / "app")
    assert (inner.place / ".git").is_file()
    for key, value in (("user.name", "Someone"), ("user.email", "someone@example.org")):
        inner.git("config", key, value)
    inner.change("release", NEW)
    assert subject(repository.place.parent / "remote.git") == SUBJECT
    inner.git("checkout", "-q", "--detach")
    assert "no branch is checked out: git switch main" in inner.run("release", NEW).output


@pytest.mark.parametrize("command", [("release", NEW), ("verify", "dev", "--no-record")])
def test_a_folder_of_a_larger_repository_is_refused(command, repository):
    inner = repository.place / "app"
    inner.mkdir()
    for name in ("base", "components", "overlays", "environments.yaml", "promotions"):
        repository.git("mv", name, f"app/{name}")
    repository.commit("one folder of many")
    done = Repository(inner).run(*command)
    assert done.exit_code == 2
    assert "is the folder app/ of a larger repository, but Argo CD and Flux sync rendered/ from the top" in done.output


def test_a_folder_without_git_is_refused(repository):
    shutil.rmtree(repository.place / ".git")
    done = repository.run("release", NEW)
    assert (done.exit_code, "cannot be used as a git repository" in done.output) == (2, True), done.output
    assert repository.run("status").exit_code == 0


def test_without_git_there_is_a_sentence(repository, monkeypatch, tmp_path):
    for name in ("kustomize", "kubectl"):
        if found := shutil.which(name):
            (tmp_path / "bin").mkdir(exist_ok=True)
            (tmp_path / "bin" / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    done = repository.run("release", NEW)
    assert (done.exit_code, done.output.endswith("git is not installed: install it\n")) == (2, True), done.output


def test_a_shallow_clone_releases_and_says_which_history_it_lacks(repository):
    shutil.copytree(ROOT / "model" / "bundles" / "iris", repository.place / "model" / "bundles" / "iris")
    repository.commit("a model")
    repository.change("release", NEW)
    shutil.rmtree(repository.place / "model")
    repository.commit("no model any more")
    page = repository.place / "base" / "kustomization.yaml"
    page.write_text(page.read_text().replace("MAX_BODY_SIZE=3m", "MAX_BODY_SIZE=4m"))
    repository.commit("the manifests of the next release")
    repository.change("release", "--manifests")
    place = repository.place.parent / "shallow"
    url = f"file://{repository.place.parent / 'remote.git'}"
    git(repository.place.parent, "clone", "-q", "--depth", "2", url, str(place))
    shallow = Repository(place)
    for key, value in (("user.name", "Someone"), ("user.email", "someone@example.org")):
        shallow.git("config", key, value)
    done = shallow.run("verify", "dev")
    assert (done.exit_code, "this shallow clone begins: git fetch --unshallow" in done.output) == (2, True), done.output
    shallow.change("release", NEW.replace("1.1.0", "1.2.0"))
    assert subject(repository.place.parent / "remote.git") == "release(score-app): dev 1.2.0"


def test_a_merge_that_is_not_finished_is_not_committed(repository):
    other = clone(repository)
    git(other, "commit", "-q", "--allow-empty", "-m", "more")
    git(other, "push", "-q", "origin", "HEAD:side")
    repository.git("commit", "-q", "--allow-empty", "-m", "ours")
    repository.git("fetch", "-q", "origin")
    repository.git("merge", "-q", "--no-commit", "origin/side")
    done = repository.run("release", NEW, "--no-push")
    assert (done.exit_code, "a merge is not finished" in done.output) == (2, True)


def test_a_ledger_that_git_ignores_is_kept_as_it_was(repository):
    ledger = repository.place / "promotions" / "dev.jsonl"
    (repository.place / ".gitignore").write_text("/build/\n*.jsonl\n")
    repository.commit("ignored")
    ledger.write_text('{"time": "2026-11-21T12:00:00+00:00", "action": "unfreeze"}\n')
    before = ledger.read_bytes()
    done = repository.run("release", NEW)
    assert (done.exit_code, "nothing was changed: git add: " in done.output) == (2, True), done.output
    assert ledger.read_bytes() == before
    assert repository.git("status", "--porcelain") == ""


def test_the_environment_of_git_is_the_users_besides(repository):
    command = [sys.executable, "-m", "gitops", "freeze", "dev", "--reason", "x", "--root", str(repository.place)]
    extra = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.email", "GIT_CONFIG_VALUE_0": "from@example.net"}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | extra, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert repository.git("log", "-1", "--format=%ae") == "from@example.net"

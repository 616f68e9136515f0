"""What git's own settings, hooks and signatures may not change: a release is committed as ever."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.helpers.manifests import ROOT
from tests.helpers.repository import NEW, SUBJECT, git, subject

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

"""Faults around a promotion: one clear error, nothing half done, and the next command knows how to go on."""

import resource
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import closing

import pytest

from tests.gitops.fake_cluster import CONFIG
from tests.helpers.manifests import ROOT
from tests.helpers.repository import NEW

LINE = '{"time": "2026-11-21T12:00:00+00:00", "action": "freeze", "actor": "a test", "reason": "end of year"}'


def state(repository):
    """Return all that a command could have changed."""
    ledgers = {file.name: file.read_text() for file in (repository.place / "promotions").iterdir()}
    return repository.git("rev-parse", "HEAD"), repository.git("status", "--porcelain"), ledgers


@pytest.fixture
def nobody(tmp_path, monkeypatch):
    """Use a kubeconfig with the address of a port where nobody listens."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        (tmp_path / "config").write_text(CONFIG % f"http://127.0.0.1:{probe.getsockname()[1]}")
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        yield


# urllib3 warns on its own log of each try.
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_is_down_is_an_error_and_nothing_is_written(repository, nobody):
    shutil.copytree(ROOT / "model" / "bundles" / "iris", repository.place / "model" / "bundles" / "iris")
    repository.commit("a model")
    before = state(repository)
    done = repository.run("verify", "dev", "--timeout", "5", "--auto-rollback")
    assert done.exit_code == 2
    assert done.output.startswith("error: the cluster does not answer: ")
    assert done.output.count("\n") == 1
    assert state(repository) == before


def test_a_git_server_that_goes_in_the_middle_leaves_all_as_it_was(repository):
    remote, gone = (repository.place.parent / name for name in ("remote.git", "gone.git"))
    repository.hook("pre-receive", f"mv {remote} {gone}; kill -9 $PPID")
    before = state(repository)
    done = repository.run("release", NEW)
    assert (done.exit_code, "origin cannot be reached" in done.output) == (2, True), done.output
    assert state(repository) == before
    gone.rename(remote)
    repository.hook("pre-receive", "exit 0")
    repository.change("release", NEW)


@pytest.mark.parametrize("how", [(), ("--pr",)])
def test_a_commit_that_git_refuses_leaves_all_as_it_was(how, repository):
    repository.hook("pre-commit", "echo it is late >&2; exit 1")
    before = state(repository)
    done = repository.run("release", NEW, *how)
    assert done.exit_code == 2
    assert "error: nothing was changed: git commit: it is late" in done.output
    assert state(repository) == before
    assert repository.git("branch", "--format=%(refname:short)") == "main"


def test_a_disk_that_fills_up_leaves_all_as_it_was(repository):
    ledger = repository.place / "promotions" / "dev.jsonl"
    ledger.write_text((LINE + "\n") * 2000 + LINE.replace('"freeze"', '"unfreeze"') + "\n")
    repository.commit("a long ledger")
    most, before = ledger.stat().st_size, state(repository)
    done = subprocess.run(
        [sys.executable, "-m", "gitops", "release", NEW, "--root", repository.place], cwd=ROOT, text=True,
        capture_output=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, "error: nothing was changed: File too large\n")
    assert state(repository) == before


def test_no_temporary_folder_is_an_error(repository, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(repository.place.parent / "none"))
    before = state(repository)
    done = repository.run("release", NEW)
    assert (done.exit_code, "No such file or directory" in done.output) == (2, True), done.output
    assert state(repository) == before


BROKEN = {
    "half a line": LINE + "\n" + LINE[: len(LINE) // 2],
    "no JSON": LINE + "\nhello\n",
    "not an object": LINE + "\n5\n",
    "no action": LINE + "\n{}\n",
    "a field short": LINE + '\n{"time": "2026-11-21T12:00:00+00:00", "action": "release", "tag": "1.0.0"}\n',
    "no text": LINE + "\n\udcff\udcfe\n",
}


@pytest.mark.parametrize(
    "command", [("status",), ("promote", "dev", "staging"), ("verify", "dev"), ("unfreeze", "dev")]
)
@pytest.mark.parametrize("broken", BROKEN)
def test_a_ledger_that_is_cut_is_an_error_with_its_line(broken, command, repository, nobody):
    (repository.place / "promotions" / "dev.jsonl").write_bytes(BROKEN[broken].encode(errors="surrogateescape"))
    repository.commit("a broken ledger")
    done = repository.run(*command)
    assert done.exit_code == 2, done.output
    assert done.output.startswith("error: promotions/dev.jsonl: line 2 is not a complete entry")
    assert ": git log -p promotions/dev.jsonl shows its history" in done.output


def test_a_ledger_whose_last_line_does_not_end_is_continued_on_the_next(repository):
    ledger = repository.place / "promotions" / "dev.jsonl"
    ledger.write_text(LINE)
    repository.commit("a ledger from an editor")
    repository.change("unfreeze", "dev")
    repository.change("release", NEW)
    assert ledger.read_text().count("\n") == 3


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("pre-commit", "the working tree has changes: commit or stash them first"),
        ("pre-push", "this is committed already, but origin lacks 1 commit of main: git push origin main"),
    ],
)
def test_the_command_after_a_killed_one_says_how_to_go_on(step, message, repository):
    # The hook's parent is git, and git's is the command.
    repository.hook(step, "kill -9 $(cut -d' ' -f4 /proc/$PPID/stat) $PPID")
    command = [sys.executable, "-m", "gitops", "release", NEW, "--root", repository.place]
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == -signal.SIGKILL
    repository.hook(step, "exit 0")
    done = repository.run("release", NEW)
    assert (done.exit_code, done.output) == (2, f"error: {message}\n")
    for how_to in (("stash", "-u", "-q"), ("push", "-q", "origin", "main")):
        repository.git(*how_to)
    assert repository.run("release", NEW, "--detailed-exitcode").exit_code == (3 if step == "pre-commit" else 0)
    assert repository.git("rev-parse", "HEAD") == repository.git("rev-parse", "origin/main")


def test_a_clock_that_was_wrong_lets_nothing_through_early(repository):
    repository.run("release", NEW)
    repository.verified("dev")
    repository.run("promote", "dev", "staging")
    repository.verified("staging", minutes=-600)
    done = repository.run("promote", "staging", "prod")
    assert (done.exit_code, "of 30 min: wait" in done.output) == (2, True)

"""Exit codes, JSON and tables, as scripts and pipes see them."""

import json
import os
import subprocess
import sys

import pytest

from tests.helpers.manifests import ROOT
from tests.helpers.repository import NEW


def shell(repository, *args, **environment):
    """Run a command in a process of its own, with its output in a pipe."""
    kept = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    command = [sys.executable, "-m", "gitops", *args, "--root", repository.place]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=kept | environment)


def test_success_is_0_whether_or_not_something_was_changed(repository):
    assert repository.run("release", NEW).exit_code == 0
    assert repository.run("release", NEW).exit_code == 0
    assert repository.run("diff", "dev", "staging").exit_code == 0
    assert repository.run("render").exit_code == 0


def test_with_detailed_exitcode_a_change_is_3(repository):
    for command in (("release", NEW), ("freeze", "dev", "--reason", "x"), ("unfreeze", "dev")):
        assert repository.run(*command, "--detailed-exitcode").exit_code == 3
        assert repository.run(*command, "--detailed-exitcode").exit_code == 0
    assert repository.run("status", "--detailed-exitcode").exit_code == 3
    assert repository.run("diff", "dev", "staging", "--detailed-exitcode").exit_code == 3
    assert repository.run("diff", "dev", "dev", "--detailed-exitcode").exit_code == 0


@pytest.mark.parametrize("args", [("promote", "dev"), ("release", NEW, "--nothing"), ("no-command",)])
def test_wrong_usage_is_2(args, repository):
    assert shell(repository, *args).returncode == 2


def test_a_change_as_json(repository):
    planned = json.loads(repository.run("release", NEW, "--json", "--dry-run").output)
    assert (planned["changed"], planned["commit"]) == (True, None)
    (change,) = planned["changes"]
    assert change["after"].endswith(NEW.partition("@")[2])
    done = json.loads(repository.run("release", NEW, "--json").output)
    assert (done["commit"], done["environment"]) == (repository.git("rev-parse", "HEAD"), "dev")
    assert done["trailers"]["Image-Digest"] == NEW.partition("@")[2]
    again = json.loads(repository.run("release", NEW, "--json").output)
    assert again == {"changed": False, "commit": None, "branch": None}


def test_a_pull_request_as_json(repository):
    found = json.loads(repository.run("release", NEW, "--pr", "--json").output)
    assert found["branch"] == "release-score-app-dev-1.1.0"
    assert repository.git("log", "-1", "--format=%s", found["branch"]) == found["subject"]


def test_other_commands_as_json(repository):
    (repository.place / "rendered" / "prod" / "service-score-app.yaml").unlink()
    written = json.loads(repository.run("render", "--json").output)
    assert written == {"written": ["rendered/prod/service-score-app.yaml"]}
    found = json.loads(repository.run("diff", "dev", "staging", "--json").output)
    replicas = next(each for each in found["changes"] if each["field"] == "spec.replicas")
    assert (replicas["before"], replicas["after"]) == (2, 3)
    report = json.loads(repository.run("check", "--json").output)
    assert (report["passed"], report["problems"], report["environments"]) == (False, [], ["dev", "staging", "prod"])
    assert "clusters/verify.yaml" in report["stale"]


def test_an_error_is_no_json(repository):
    done = shell(repository, "promote", "prod", "dev", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")


def test_a_table_in_a_pipe_is_complete_and_plain(repository):
    repository.run("freeze", "prod", "--reason", "a reason that is much longer than any terminal is wide " * 3)
    lines = shell(repository, "status").stdout.splitlines()
    assert lines[0].split() == [
        "environment", "image", "models", "manifests", "settings", "set", "verified", "state"
    ]  # fmt: skip
    assert ("a reason that is much longer than any terminal is wide " * 3).strip() in lines[-1]
    assert "\x1b" not in "".join(lines)
    assert lines == [line.rstrip() for line in lines]


def test_a_usual_table_has_80_columns(repository):
    assert max(map(len, shell(repository, "status").stdout.splitlines())) <= 80


def test_a_table_is_as_wide_as_columns_says_and_still_complete(repository):
    wide, narrow = (shell(repository, "status", COLUMNS=columns).stdout for columns in ("80", "50"))
    assert max(map(len, narrow.splitlines())) <= 50
    assert sorted("".join(narrow.split())) == sorted("".join(wide.split()))


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_are_for_terminals_without_no_color(environment, coloured, repository):
    kept = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    leader, follower = os.openpty()
    command = [sys.executable, "-m", "gitops", "diff", "dev", "staging", "--root", repository.place]
    process = subprocess.Popen(command, cwd=ROOT, stdout=follower, env=kept | {"TERM": "xterm"} | environment)
    os.close(follower)
    output = b""
    try:
        while part := os.read(leader, 65536):
            output += part
    except OSError:
        # The other end was closed.
        pass
    os.close(leader)
    assert process.wait(30) == 0
    assert (b"\x1b[" in output) == coloured

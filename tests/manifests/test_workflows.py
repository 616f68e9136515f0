"""What holds for every workflow: few rights, pinned actions, and no chosen name that a shell or make could run."""

import os
import re
import subprocess

import pytest
import yaml

from tests.helpers.manifests import ROOT
from tests.helpers.workflows import (
    HOSTILE,
    WORKFLOWS,
    chosen,
    read,
    steps,
    triggers,
    unquoted,
    validations,
    writes,
)

PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+){0,2}")


@pytest.fixture(autouse=True)
def _renderer():
    """Need no renderer here."""


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.stem)
def workflow(request):
    return read(request.param)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_commit_and_says_its_version(path):
    used = re.findall(r"^\s*-?\s*uses:\s*(.+?)\s*$", path.read_text(), re.MULTILINE)
    assert used
    assert [each for each in used if not each.startswith("./") and not PINNED.fullmatch(each)] == []


def test_no_right_to_write_is_given_to_a_whole_workflow(workflow):
    assert "permissions" in workflow
    assert writes(workflow["permissions"]) == set()
    for job in workflow["jobs"].values():
        assert workflow["permissions"] or "permissions" in job


def test_code_of_a_pull_request_gets_no_rights_and_no_secret(workflow):
    assert not {"pull_request_target", "workflow_run"} & set(triggers(workflow))
    if "pull_request" in triggers(workflow):
        assert not any(writes(job.get("permissions")) for job in workflow["jobs"].values())
        assert "secrets." not in str(workflow)


def test_a_credential_is_kept_only_where_it_is_pushed_with(workflow):
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                kept = step.get("with", {}).get("persist-credentials", True)
                assert kept == ("contents" in writes(job.get("permissions", workflow["permissions"])))


def test_no_expression_is_part_of_a_script(workflow):
    for step in steps(workflow):
        for text in (step.get("run", ""), step.get("shell", ""), str(step.get("with", {}).get("script", ""))):
            assert "${{" not in text, step


def test_every_variable_is_quoted(workflow):
    for step in steps(workflow):
        assert unquoted(step.get("run", "")) == [], step


def test_what_others_choose_must_match_a_strict_pattern_before_its_first_use(workflow):
    for step in steps(workflow):
        script = step.get("run", "")
        for name in chosen(workflow, step):
            pattern = validations(script)[name]
            assert not [each for each in HOSTILE if re.fullmatch(pattern[1:-1], each)], step
            first = re.search(rf"\${{?{name}\b", script).start()
            assert script[: first + 1].endswith("[[ $"), step


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("echo $A", ["A"]), ('echo "$A"', []), ("echo '$A'", []), ('x=$(f "$A")', []), ("x=$(f $A)", ["A"]),
        ('"$(f "$A" $B)" ${C}', ["B", "C"]), ("[[ $A =~ ^x$ ]] || exit 1", []), ('echo \\"$A\\"', ["A"]),
        ("# $A\n$B", ["B"]), ('case " $A " in\n*" $B "*) f $C ;;', ["C"]),
    ],
)  # fmt: skip
def test_a_variable_without_quotes_is_found(script, names):
    assert unquoted(script) == names


def script_of(workflow, name):
    (found,) = [step for step in steps(read(ROOT / ".github" / "workflows" / workflow)) if step.get("name") == name]
    return found["run"]


@pytest.fixture
def runner(tmp_path):
    """Return a function that runs a script as GitHub does, with programs that only write what they were called with."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "make", "gh", "jq"):
        (programs / name).write_text('#!/bin/sh\nprintf "%s\\n" "${0##*/} $*" >> "$CALLS"\n')
    place = tmp_path / "place"
    (place / ".venv" / "bin").mkdir(parents=True)
    (place / ".venv" / "bin" / "python").write_text('#!/bin/sh\nprintf "%s\\n" "python $*" >> "$CALLS"\n')
    (place / "build").mkdir()
    (place / "build" / "digest").write_text(f"sha256:{'1' * 64}\n")
    for each in [*programs.iterdir(), place / ".venv" / "bin" / "python"]:
        each.chmod(0o755)

    def run(script, **env):
        calls = tmp_path / "calls"
        calls.write_text("")
        env |= {"CALLS": str(calls), "PATH": f"{programs}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(tmp_path / "out"),
                "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"), "GITHUB_ACTOR": "someone",
                "GITHUB_REPOSITORY": "Some/App"}  # fmt: skip
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        done = subprocess.run(command, cwd=place, env=env, capture_output=True, text=True, timeout=30)
        assert sorted(each.name for each in place.iterdir()) == [".venv", "build"]
        return done, calls.read_text().splitlines()

    return run


BUILD, SET = (
    ("release.yml", "Build and push the commit of the tag"),
    ("release.yml", "Set the image in the first environment"),
)
PROMOTE, SHOW = ("promote.yml", "Promote"), ("pull-request.yml", "Show what changes")
# What the workflow itself names.
FIXED = {"REVIEWED": "prod", "IMAGE": "ghcr.io/some/app"}
FINE = {
    BUILD: {"TAG": "v1.2.3-rc.1", "TARGET": "log"},
    SET: {"TAG": "v1.2.3", "COMMIT": "a" * 40, "DIGEST": f"sha256:{'1' * 64}"},
    PROMOTE: {"FROM": "dev", "TO": "staging"},
    SHOW: {"BASE": "main"},
}
CALLS = {
    BUILD: "make image push TARGET=log IMAGE=ghcr.io/some/app-log TAG=1.2.3-rc.1",
    SET: f"python -m gitops release 1.2.3@sha256:{'1' * 64}",
    PROMOTE: "python -m gitops promote dev staging",
    SHOW: "git diff refs/remotes/origin/main...HEAD -- rendered",
}


@pytest.mark.parametrize(("step", "name"), [(step, name) for step, env in FINE.items() for name in env])
def test_a_hostile_name_stops_the_script_before_anything_is_called(step, name, runner):
    script = script_of(*step)
    done, calls = runner(script, **FIXED, **FINE[step])
    assert (done.returncode, CALLS[step] in calls) == (0, True), (done.stderr, calls)
    for hostile in (*HOSTILE, f"{FINE[step][name]};touch x", f"{FINE[step][name]}\n"):
        done, calls = runner(script, **FIXED, **(FINE[step] | {name: hostile}))
        assert (done.returncode, calls) == (1, []), hostile


def test_each_image_that_runs_on_a_cluster_is_released(runner, tmp_path):
    job = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]["build"]
    targets = job["strategy"]["matrix"]["target"]
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    assert set(targets) < stages
    digest, written = f"sha256:{'1' * 64}", tmp_path / "out"
    for target, name in {"serve": "some/app", "log": "some/app-log", "batch": "some/app-batch"}.items():
        assert target in targets
        written.write_text("")
        _, calls = runner(script_of(*BUILD), IMAGE="some/app", TAG="v1.2.3", TARGET=target)
        assert f"make image push TARGET={target} IMAGE={name} TAG=1.2.3" in calls
        # What the next job sets is the digest of the service, whichever target is built last.
        assert (f"serve={digest}" in written.read_text()) == (target == "serve")
        assert f"pushed={name}@{digest}" in written.read_text()
    assert job["outputs"]["digest"] == "${{ steps.image.outputs.serve }}"


def test_the_image_is_built_from_the_commit_of_the_tag():
    for path in WORKFLOWS:
        workflow = read(path)
        for job in workflow["jobs"].values():
            builds = any(re.search(r"\bmake\b.*\bimage\b", step.get("run", "")) for step in job["steps"])
            refs = [
                each.get("with", {}).get("ref", "")
                for each in job["steps"]
                if "actions/checkout" in each.get("uses", "")
            ]
            if builds:
                assert "tags" in triggers(workflow)["push"]
                assert refs == ["${{ github.sha }}"]


def test_dependabot_updates_whatever_is_pinned():
    found = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())
    assert {each["package-ecosystem"] for each in found["updates"]} == {"github-actions", "pip", "docker"}
    # It reads no build arguments.
    images = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    (base,) = [each for each in images if each not in stages]
    assert re.fullmatch(r"python:\d\.\d+-slim(@sha256:[0-9a-f]{64})?", base)

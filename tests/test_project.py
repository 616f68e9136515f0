"""What pyproject.toml, the locks and the workflows promise."""

import os
import re
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = sorted((ROOT / "locks").glob("*.txt"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("name", PROJECT["project"]["scripts"])
def test_each_command_has_a_function(name):
    assert callable(EntryPoint(name, PROJECT["project"]["scripts"][name], "console_scripts").load())


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_pins_every_package_with_hashes_and_names_no_address(lock):
    text = lock.read_text()
    packages = re.findall(r"^[\w.-]+(?:\[.*?\])?==\S+.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(packages) == len(re.findall(r"^\w", text, re.MULTILINE)) > 0
    assert all("--hash=sha256:" in each for each in packages)
    assert "://" not in text


def test_what_builds_the_project_is_locked():
    names = re.findall(r"^[\w.-]+(?===)", (ROOT / "locks" / "dev.txt").read_text(), re.MULTILINE)
    assert set(PROJECT["build-system"]["requires"]) <= set(names)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_names_actions_by_commit_and_has_time_limits(workflow):
    for job in yaml.safe_load(workflow.read_text())["jobs"].values():
        assert job["timeout-minutes"] <= 60
        for step in job["steps"]:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step.get("uses", f"a/b@{'0' * 40}")), step


def test_pre_commit_runs_lint():
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["entry"] for hook in repository["hooks"]] == ["make lint"]


def test_tests_of_one_group_are_given_to_one_process(request):
    grouped = [each.nodeid for each in request.session.items if each.get_closest_marker("xdist_group")]
    assert "PYTEST_XDIST_WORKER" not in os.environ or all("@" in each for each in grouped)


def test_what_takes_longest_begins_first(request):
    """The cluster's two groups, then other groups, then what is slow: otherwise workers wait for one at the end."""
    marks = ("cluster", "xdist_group", "slow")
    found = [[bool(each.get_closest_marker(mark)) for mark in marks] for each in request.session.items]
    turns = [[*each, True].index(True) for each in found]
    assert turns == sorted(turns)
    assert "--no-loadscope-reorder" in PROJECT["tool"]["pytest"]["ini_options"]["addopts"]

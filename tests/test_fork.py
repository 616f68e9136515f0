"""The tests of a fork are green whatever it is called and whichever environments it has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.manifests import RENDERS
from tests.helpers.waiting import unless

ROOT = Path(__file__).parents[1]
COMMANDS = (
    "init --image registry.example:5000/team/churn --repo https://git.example/team/churn.git --name churn --prefix ml",
    "env add qa --after dev --like staging",
    "env add lab --after prod --like dev",
    "env remove staging",
    "env rename prod live",
    "component remove monitoring live",
    "component add disruption-budget dev",
)
FOLDERS = ("tests/manifests", "tests/docs", "tests/test_project.py", "tests/gitops/test_help_examples.py")
"""What looks at the repository's own environments and names; the other tests of gitops/ have a sample of their own."""
MARKS = "not slow and not alone and not browser and not cluster"


@pytest.fixture
def fork(tmp_path):
    """Clone what is committed, and make it somebody's who has another idea of stages."""
    unless(RENDERS, "neither kustomize nor kubectl is here")
    place = tmp_path / "fork"
    run(tmp_path, "git", "clone", "-q", str(ROOT), str(place))
    if (ROOT / "build").exists():
        (place / "build").symlink_to(ROOT / "build")
    for command in COMMANDS:
        run(place, sys.executable, "-m", "gitops", *command.split())
    declared = place / "environments.yaml"
    assert "soak: 30m" in declared.read_text()
    declared.write_text(declared.read_text().replace("soak: 30m", "soak: 7d"))
    run(place, sys.executable, "-m", "gitops", "check")
    return place


def run(place, *command):
    environment = os.environ | {"PYTHONPATH": str(place)}
    # The worker that this test runs in is no worker of the tests that it starts.
    environment = {key: value for key, value in environment.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_tests_of_a_fork_are_green(fork):
    print(run(fork, sys.executable, "-m", "pytest", "-n", "2", "-m", MARKS, *FOLDERS).splitlines()[-1])

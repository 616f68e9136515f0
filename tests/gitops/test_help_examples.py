"""The example in each command's help is typed literally, in a repository that is as the commands left it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from gitops.cli.main import main as gitops
from model.__main__ import main as model
from tests.helpers.manifests import ROOT
from tests.helpers.repository import NEW, promoted
from tests.helpers.sample import sample


def examples(command):
    """Yield the examples in the help of a command and of those below it."""
    for each in command.commands.values() if isinstance(command, click.Group) else ():
        yield from examples(each)
    yield from re.findall(r"Example: (.*)", command.epilog or "")


EXAMPLES = sorted({*examples(gitops), *examples(model)})


def test_there_are_examples():
    assert len(EXAMPLES) > 20


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_understood(example, repository, tmp_path):
    promoted(repository).verified("staging", minutes=31)
    repository.change("promote", "staging", "prod")
    sample(repository.place, "clusters", "README.md", ".github")
    shutil.copytree(ROOT / "model" / "bundles" / "iris", repository.place / "model" / "bundles" / "iris")
    repository.commit("the rest")
    (repository.place / "build").mkdir()
    (repository.place / "build" / "digest").write_text(NEW.partition("@")[2] + "\n")
    for name in ("churn.pkl", "customers.csv"):
        (repository.place / name).write_text("nothing that could be read\n")
    paths = {"PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    own = {
        "KUBECONFIG": str(tmp_path / "none"),
        "HOME": str(tmp_path),
        "BUNDLES": str(tmp_path / "bundles"),
        "GIT_TOKEN": "x",
    }
    done = subprocess.run(
        ["bash", "-c", example], cwd=repository.place, capture_output=True, text=True, timeout=120,
        stdin=subprocess.DEVNULL, env=os.environ | paths | own,
    )  # fmt: skip
    assert "Usage:" not in done.stderr, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode in (0, 1, 2)

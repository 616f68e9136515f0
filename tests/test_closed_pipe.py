"""A command whose reader has gone ends without a word, as `| head` expects."""

import subprocess
import sys

import pytest

from tests.helpers.manifests import RENDERS
from tests.helpers.waiting import unless


@pytest.mark.parametrize("command", ["model list", "model card iris", "model --help", "gitops status", "gitops --help"])
def test_a_closed_pipe_is_no_error(command):
    unless(RENDERS or command != "gitops status", "neither kustomize nor kubectl is here")
    with subprocess.Popen(
        [sys.executable, "-m", *command.split()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        process.wait()
    assert process.returncode == 1

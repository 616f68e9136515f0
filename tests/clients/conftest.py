"""Clients that nobody here wrote; some have an environment of their own, made by `make tools`."""

import subprocess
from pathlib import Path

import pytest

from tests.api.conftest import running
from tests.conftest import unless

TOOLS = Path(__file__).parents[2] / "build" / "tools"


@pytest.fixture(scope="session")
def server():
    with running(model="iris,churn,purchase", public_metrics=1) as process:
        yield process


def client_python(name):
    python = TOOLS / name / "bin" / "python"
    unless(python.exists(), f"{name}'s client is not here: make tools")
    return python


def run_client(name, program, *args):
    """Run a program in a client's own environment, and return what it printed."""
    command = [client_python(name), "-W", "ignore", "-c", program, *args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout

"""Clients that others wrote, each in an environment of its own, made by `make tools`."""

import subprocess
from pathlib import Path

from tests.helpers.waiting import unless

TOOLS = Path(__file__).parents[2] / "build" / "tools"


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

"""What every test needs: the environment of a new user, the committed bundles, and the command line."""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, settings

from api.settings import NAMES
from model.__main__ import main
from model.bundle.files import DEFAULT_ROOT

# A busy machine is no reason to fail, and a run that decides over a change must be one that can be repeated.
settings.register_profile(
    "here", deadline=None, derandomize="CI" in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("here")


# What a user's own shell, git and cluster settings would change in a test.
FOREIGN = {*NAMES, "COLUMNS", "FORCE_COLOR", "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "NO_COLOR"}
NEUTRAL = {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "KUBECONFIG": os.devnull,
    # As the server has it; with more, the threads of several workers spin and take each other's time.
    "OMP_NUM_THREADS": "1",
}  # fmt: skip
USER_ENVIRONMENT = {}
"""What was replaced, for the tests that need the user's own cluster."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection():
    """Remove what the user has set, after the workers of pytest-xdist have inherited it and before tests are read."""
    for name in {*FOREIGN, *NEUTRAL, *(name for name in os.environ if name.startswith("OTEL_"))}:
        USER_ENVIRONMENT[name] = os.environ.pop(name, None)
    os.environ.update(NEUTRAL)


CLUSTER_SECONDS = 1200
"""The time limit of a test with a cluster: the first one builds an image."""


def pytest_collection_modifyitems(items):
    """Mark what is in the folders that need more than Python."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker("browser")
        if "e2e" in item.path.parts:
            item.add_marker("cluster")
            item.add_marker(pytest.mark.timeout(CLUSTER_SECONDS))


def unless(there, reason):
    """Skip a test that lacks what it needs; where everything should be there, that is a failure."""
    if not there:
        (pytest.fail if os.environ.get("NOTHING_SKIPPED") else pytest.skip)(reason)


def until(condition, said, seconds=90):
    """Wait until something is so, and return what it was; what cannot be asked yet is not so yet."""
    end = monotonic() + seconds
    while monotonic() < end:
        with suppress(AssertionError, KeyError, IndexError, ValueError, OSError):
            if found := condition():
                return found
        sleep(0.3)
    pytest.fail(f"not within {seconds} s: {said}")


SAMPLES = ("iris", "wine", "purchase", "churn", "echo")


@pytest.fixture
def bundles(tmp_path) -> Path:
    """Give a copy of the committed bundles, to spoil."""
    return Path(shutil.copytree(DEFAULT_ROOT, tmp_path / "bundles"))


@pytest.fixture
def model_cli():
    """Return a function that runs `python -m model …` in this process."""
    return lambda *args: CliRunner().invoke(main, [str(arg) for arg in args])

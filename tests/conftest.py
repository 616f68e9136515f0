"""What many tests use: the committed bundles, and a way to call the command line."""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, settings

from model.__main__ import main
from model.bundle.files import DEFAULT_ROOT

# A busy machine is no reason to fail, and a run that decides over a change must be one that can be repeated.
settings.register_profile(
    "here", deadline=None, derandomize="CI" in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("here")


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

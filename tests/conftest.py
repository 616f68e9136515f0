"""What every test needs: the environment of a new user, the committed bundles, and the command line."""

import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, settings

from model.__main__ import main
from model.bundle.files import DEFAULT_ROOT
from tests.helpers.environment import isolate, restore

# A busy machine is no reason to fail, and a run that decides over a change must be one that can be repeated.
# `pytest --hypothesis-profile random` looks for what these examples do not show.
for name, repeated in (("repeated", True), ("random", False)):
    settings.register_profile(name, deadline=None, derandomize=repeated, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeated")


@pytest.hookimpl(tryfirst=True)
def pytest_collection():
    """Remove what the user has set, after the workers of pytest-xdist have inherited it and before tests are read."""
    isolate()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Let the tests of a cluster see the user's KUBECONFIG, and no other test."""
    restore() if item.get_closest_marker("cluster") else isolate()


CLUSTER_SECONDS, SLOW_SECONDS = 1200, 600
"""The time limits of a test with a cluster, the first of which builds an image, and of a slow one."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what is in the folders that need more than Python, before pytest-xdist reads it; long ones go first."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker("browser")
        if "e2e" in item.path.parts:
            item.add_marker("cluster")
            item.add_marker(pytest.mark.timeout(CLUSTER_SECONDS))
            # They wait most of the time, so promotion, with three environments of its own, runs beside the others.
            item.add_marker(pytest.mark.xdist_group("promotion" if item.path.parent.name == "promotion" else "cluster"))
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))
    items.sort(key=_turn)


def _turn(item):
    """Return when a test begins: first the groups, those of the cluster above all, then what is slow, then the rest."""
    marks = ("cluster", "xdist_group", "slow")
    return next((turn for turn, mark in enumerate(marks) if item.get_closest_marker(mark)), len(marks))


@pytest.fixture(autouse=True)
def _quick_proof(request, monkeypatch):
    """Prove with a fifth of the rows where a test packs a model, and measure a quarter as long; not in slow tests."""
    if "model.packing.prove" in sys.modules and not request.node.get_closest_marker("slow"):
        monkeypatch.setattr("model.packing.prove.MOST_ROWS", 2_000)
        monkeypatch.setattr("model.packing.speed._TURNS", 10)


@pytest.fixture
def bundles(tmp_path) -> Path:
    """Give a copy of the committed bundles, to spoil."""
    return Path(shutil.copytree(DEFAULT_ROOT, tmp_path / "bundles"))


@pytest.fixture(scope="session")
def model_cli():
    """Return a function that runs `python -m model …` in this process."""
    return lambda *args: CliRunner().invoke(main, [str(arg) for arg in args])

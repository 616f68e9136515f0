"""The bundles and the worst bodies, found once; and a reason where no cgroup can be made."""

import os

import pytest

from model.bundle.files import DEFAULT_ROOT
from tests.helpers.waiting import unless
from tests.hostile_callers import cgroup, connections, models, run

SEED = int(os.environ.get("BUDGET_SEED", "0"))
SEARCH_SECONDS = float(os.environ.get("BUDGET_SECONDS", "40"))


@pytest.fixture(scope="session", autouse=True)
def _possible():
    reason = ""
    try:
        with cgroup.limited(1 << 30):
            assert DEFAULT_ROOT.is_dir()
    except cgroup.NotPossibleError as error:
        reason = str(error)
    unless(not reason, reason)
    connections.allow_files()


@pytest.fixture(scope="session")
def packed_bundles(tmp_path_factory, _possible):
    return models.packed(tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="session")
def searched(packed_bundles):
    """Give the rows of the search, and the worst bodies by surface."""
    return run.find(packed_bundles, SEED, SEARCH_SECONDS)

"""A folder with one signed bundle, and the keys."""

import shutil

import pytest

from model.bundle.files import DEFAULT_ROOT
from tests.helpers.signing import Pair


@pytest.fixture
def keys(tmp_path):
    return Pair(tmp_path)


@pytest.fixture
def signed(tmp_path, keys):
    """Return a bundles' folder with iris, signed."""
    folder = tmp_path / "bundles"
    shutil.copytree(DEFAULT_ROOT / "iris", folder / "iris")
    keys.sign(folder, "iris")
    return folder

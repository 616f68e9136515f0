"""A disk that is full while a bundle is written: one sentence, and nothing lies about."""

import resource
import shutil
import subprocess
import sys
from contextlib import contextmanager

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

from model.bundle.files import names
from tests.helpers.waiting import unless

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 4)), columns=list("abcd"))
TRUTH = (ROWS["a"] * ROWS["b"] > 0).to_numpy()
SMALL = 'mount -t tmpfs -o size=64k none "$0" && "$@"; code=$?; ls -A "$0"; exit $code'


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """Give a model whose bundle takes some hundred kilobytes, and its rows."""
    folder = tmp_path_factory.mktemp("mine")
    joblib.dump(RandomForestClassifier(20, random_state=0).fit(ROWS, TRUTH), folder / "mine.joblib")
    ROWS.to_csv(folder / "rows.csv", index=False)
    return folder


@pytest.fixture
def add(mine, model_cli):
    """Return a function that adds the model to a folder of bundles."""
    return lambda bundles, *more: model_cli(*arguments(mine, bundles), *more)


def arguments(mine, bundles):
    return ("add", mine / "mine.joblib", "--data", mine / "rows.csv", "--bundles", bundles)


@contextmanager
def no_file_above(size):
    """Let this process write no larger file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def error_of(code, stderr):
    """Return the one error that ended a command."""
    assert code == 2, stderr
    (error,) = [line for line in stderr.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in stderr
    return error


def test_a_volume_that_fills_up_is_reported_and_left_empty(mine, tmp_path):
    there = shutil.which("unshare") and not subprocess.run(["unshare", "--mount", "true"]).returncode
    unless(there, "no mounts of one's own here: that needs root")
    command = ["unshare", "--mount", "sh", "-c", SMALL, tmp_path, sys.executable, "-m", "model"]
    done = subprocess.run([*command, *arguments(mine, tmp_path)], capture_output=True, text=True)
    end = "cannot be written to {}: No space left on device; nothing is left of it"
    assert error_of(done.returncode, done.stderr) == f"error: mine: {end.format(tmp_path)}"
    assert done.stdout == ""


def test_a_bundle_that_was_there_stays(add, tmp_path):
    assert add(tmp_path).exit_code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "mine").iterdir()}
    with no_file_above(20_000):
        done = add(tmp_path, "--replace")
    assert "File too large; nothing is left of it" in error_of(done.exit_code, done.stderr)
    assert {path: path.read_bytes() for path in (tmp_path / "mine").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == names(tmp_path) == ["mine"]


def test_a_place_that_is_none_is_reported(add, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = add(tmp_path / "file" / "bundles")
    assert "Not a directory; nothing is left of it" in error_of(done.exit_code, done.stderr)

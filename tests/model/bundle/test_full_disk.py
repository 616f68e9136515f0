"""A disk that is full while a bundle is written: one sentence, and nothing lies about."""

import resource
import shutil
import subprocess
import sys

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


def add(mine, bundles, *within, **more):
    command = ["-m", "model", "add", mine / "mine.joblib", "--data", mine / "rows.csv", "--bundles", bundles]
    return subprocess.run([*within, sys.executable, *command], capture_output=True, text=True, **more)


def said(done):
    """Return the one error that ended a command."""
    assert done.returncode == 2, done.stderr
    (error,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in done.stderr
    return error


def test_a_volume_that_fills_up_is_said_and_left_empty(mine, tmp_path):
    there = shutil.which("unshare") and not subprocess.run(["unshare", "--mount", "true"]).returncode
    unless(there, "no mounts of one's own here: that needs root")
    done = add(mine, tmp_path, "unshare", "--mount", "sh", "-c", SMALL, tmp_path)
    end = "cannot be written to {}: No space left on device; nothing is left of it"
    assert said(done) == f"error: mine: {end.format(tmp_path)}"
    assert done.stdout == ""


def test_a_bundle_that_was_there_stays(mine, tmp_path):
    assert add(mine, tmp_path).returncode == 0
    before = {path: path.read_bytes() for path in (tmp_path / "mine").iterdir()}
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # noqa: E731
    command = ["-m", "model", "add", mine / "mine.joblib", "--data", mine / "rows.csv", "--bundles", tmp_path]
    done = subprocess.run([sys.executable, *command, "--replace"], capture_output=True, text=True, preexec_fn=limit)
    assert "File too large; nothing is left of it" in said(done)
    assert {path: path.read_bytes() for path in (tmp_path / "mine").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == names(tmp_path) == ["mine"]


def test_a_place_that_is_none_is_said(mine, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = add(mine, tmp_path / "file" / "bundles")
    assert "Not a directory; nothing is left of it" in said(done)

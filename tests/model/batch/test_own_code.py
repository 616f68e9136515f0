"""A model with code of its own gets one row at a time: a long run shows how far it is, and stops at once."""

import os
import re
import signal
import subprocess
import sys
import time

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(400, 2)), columns=["a", "b"])


@pytest.fixture
def run(tmp_path, model_cli):
    """Return a function that starts to score 400 rows with a model that takes so many seconds for each."""

    def double(frame):
        time.sleep(float(os.environ.get("SECONDS_FOR_A_ROW", "0")))
        return frame * 2

    model = make_pipeline(FunctionTransformer(double), LinearRegression()).fit(ROWS, ROWS["a"])
    (tmp_path / "own.pkl").write_bytes(cloudpickle.dumps(model))
    ROWS.to_parquet(tmp_path / "in.parquet")
    done = model_cli("add", tmp_path / "own.pkl", "--data", tmp_path / "in.parquet", "--bundles", tmp_path / "b")
    assert done.exit_code == 0, done.output

    def start(seconds):
        (tmp_path / "out").mkdir()
        command = [sys.executable, "-m", "model", "score", "own", "in.parquet", "out/out.csv", "--bundles", "b"]
        variables = {**os.environ, "SECONDS_FOR_A_ROW": str(seconds)}
        return subprocess.Popen(command, cwd=tmp_path, env=variables, stderr=subprocess.PIPE, text=True)

    return start


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_within_a_row_and_leaves_nothing(number, run, tmp_path):
    with run(seconds=2) as process:
        assert "one row at a time" in process.stderr.readline()
        while not list((tmp_path / "out").glob(".out.csv.*/rows")):
            time.sleep(0.05)
        began = time.monotonic()
        process.send_signal(number)
        assert process.stderr.read().startswith(f"error: stopped by {number.name}: nothing was written")
    assert time.monotonic() - began < 10
    assert process.returncode == 2
    assert list((tmp_path / "out").iterdir()) == []


def test_it_says_how_many_rows_of_a_file_are_done(run):
    with run(seconds=0.03) as process:
        assert "own code: " in process.stderr.readline()
        assert re.fullmatch(r"own: \d+ rows\n", process.stderr.readline())
        process.wait()
    assert process.returncode == 0

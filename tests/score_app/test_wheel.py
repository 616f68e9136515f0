"""The built wheel, installed in an empty environment: everything works outside of the repository."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PROGRAM = """
import json, sys
from urllib.request import urlopen
import numpy as np, pandas as pd
from sklearn.linear_model import LogisticRegression
from score_app import check, load, pack, serve
X = pd.DataFrame({"a": np.arange(60.0), "b": np.arange(60.0) % 7})
y = pd.Series(np.where(X["a"] > 30, "high", "low"), name="size")
pack(LogisticRegression().fit(X, y), X, y, name="sizes")
print(check("sizes"))
print(load("sizes").predict(X.tail(1)).tolist())
with serve("sizes") as server:
    print(json.load(urlopen(f"{server.url}/score", b'{"X": [59, 3]}')))
"""


def run(*command, **more):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=800, **more)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_a_wheel_packs_and_serves_where_nothing_else_is(tmp_path):
    pip = ["-m", "pip", "--disable-pip-version-check"]
    run(sys.executable, *pip, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", tmp_path, ROOT)
    (wheel,) = tmp_path.glob("*.whl")
    run(sys.executable, "-m", "venv", tmp_path / "empty")
    python = tmp_path / "empty" / "bin" / "python"
    run(python, *pip, "install", f"{wheel}[train]")
    (tmp_path / "work").mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    checked, predicted, served = run(
        python, "-c", PROGRAM, cwd=tmp_path / "work", env=environment
    ).splitlines()  # fmt: skip
    assert checked.startswith("sizes ")
    assert (predicted, served) == ("['high']", "{'score': ['high']}")
    assert (tmp_path / "work" / "bundles" / "sizes" / "manifest.json").exists()
    listed = run(tmp_path / "empty" / "bin" / "score-model", "list", cwd=tmp_path / "work", env=environment)
    assert "sizes" in listed

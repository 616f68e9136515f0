"""A library that a model asks for is pinned with hashes, installed, recorded, and missed in a sentence."""

import os
import site
import subprocess
import sys
import venv
from importlib.util import find_spec
from zipfile import ZipFile

import pytest

from model.bundle.files import read
from tests.helpers.manifests import ROOT
from tests.helpers.waiting import unless

MODULE = """
from sklearn.base import BaseEstimator, TransformerMixin

class Half(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return X / 2
"""
TRAIN = """
import joblib, numpy as np, pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from halving import Half

rows = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["a", "b"])
joblib.dump(make_pipeline(Half(), LinearRegression()).fit(rows, rows["a"]), "mine.joblib")
rows.to_csv("rows.csv", index=False)
"""


def wheel(folder):
    """Write a package as a registry would have it."""
    folder.mkdir()
    with ZipFile(folder / "halving-1.2-py3-none-any.whl", "w") as archive:
        archive.writestr("halving.py", MODULE)
        about = "halving-1.2.dist-info"
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: halving\nVersion: 1.2\n")
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        names = ["halving.py", *(f"{about}/{name}" for name in ("METADATA", "WHEEL", "RECORD"))]
        archive.writestr(f"{about}/RECORD", "".join(f"{name},,\n" for name in names))


@pytest.fixture
def run(tmp_path):
    """Return a function that runs Python where a library can be installed without harm, from a folder of one."""
    unless(find_spec("uv"), "needs uv, which resolves requirements")
    wheel(tmp_path / "wheels")
    venv.create(tmp_path / "venv", symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    (packages / "base.pth").write_text("\n".join([*site.getsitepackages(), str(ROOT)]))
    offline = {"UV_NO_INDEX": "1", "UV_FIND_LINKS": str(tmp_path / "wheels"), "UV_CACHE_DIR": str(tmp_path / "cache")}

    def call(*arguments):
        env = {**os.environ, **offline}
        command = [python, *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=100)

    return call


@pytest.mark.slow
def test_a_library_is_pinned_installed_and_recorded(run, tmp_path):
    (tmp_path / "halving.py").write_text(MODULE)
    assert run("-c", TRAIN).returncode == 0
    (tmp_path / "halving.py").unlink()
    add = ("-m", "model", "add", "mine.joblib", "--data", "rows.csv", "--bundles", "b")
    done = run(*add, "--requires", "halving==1.2")
    assert done.returncode == 0, done.stderr
    bundle = read(tmp_path / "b", "mine")
    assert b"halving==1.2 \\\n    --hash=sha256:" in bundle.files["requirements.txt"]
    assert bundle.manifest.requires["halving"] == "1.2"
    assert run("-m", "model", "check", "--bundles", "b").returncode == 0
    # Where it is not installed, as here, a sentence says so.
    missing = subprocess.run(
        [sys.executable, "-m", "model", "check", "--bundles", tmp_path / "b"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert missing.returncode == 1
    assert "needs halving 1.2, which is not installed: `make setup`" in missing.stderr


def test_what_nobody_offers_is_refused_in_a_sentence(run, tmp_path):
    (tmp_path / "mine.joblib").write_bytes(b"\x80")
    (tmp_path / "rows.csv").write_text("a\n1\n")
    add = ("-m", "model", "add", "mine.joblib", "--data", "rows.csv", "--bundles", "b")
    done = run(*add, "--requires", "halving==7")
    assert done.returncode == 2
    assert "--requires halving==7" in done.stderr
    assert "Traceback" not in done.stderr

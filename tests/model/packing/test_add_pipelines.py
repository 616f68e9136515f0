"""Pipelines of every kind are added, and served by a fresh process."""

import json
import subprocess
import sys

import joblib
import numpy as np
import pytest

from model.bundle.files import read
from tests.helpers.pipelines import PIPELINES, fit

FRESH = """
import json, sys
from pathlib import Path
from model.check import load_verified
for name, rows in json.load(sys.stdin).items():
    model = load_verified(Path(sys.argv[1]), name)
    print(json.dumps(model.predict(model.reader(rows)).tolist()))
"""


def judged(name):
    return PIPELINES[name][2] is not None and name != "several"


@pytest.fixture(scope="module")
def packed(tmp_path_factory, model_cli):
    """Add every pipeline, and let one fresh process answer rows by all of them."""
    folder, sent = tmp_path_factory.mktemp("pipelines"), {}
    for name in PIPELINES:
        estimator, rows, target = fit(name)
        joblib.dump(estimator, folder / f"{name}.joblib", compress=3)
        data = rows.assign(target=target) if judged(name) else rows
        data.to_csv(folder / "rows.csv", index=False)
        where = ("--data", folder / "rows.csv", "--bundles", folder / "b")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("model.packing.prove.MOST_ROWS", 2_000)
            done = model_cli("add", folder / f"{name}.joblib", *where, *(["--target", "target"] * judged(name)))
        assert done.exit_code == 0, done.stderr
        assert done.stderr.count("runs the code in it") == 1
        first = rows.head(20).astype(object).to_numpy().tolist()
        sent[name] = [[None if v != v else v for v in row] for row in first]
    command = [sys.executable, "-W", "error", "-c", FRESH, folder / "b"]
    done = subprocess.run(command, input=json.dumps(sent), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "b", dict(zip(sent, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("pipelines")
@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_is_added_and_served_by_a_fresh_process(name, packed):
    bundles, answers = packed
    estimator, rows, _ = fit(name)
    right = estimator.predict(rows["review"].head(20) if name == "text" else rows.head(20))
    found = np.asarray(answers[name])
    np.testing.assert_array_equal(found.shape, right.shape)
    assert np.allclose(found, right, rtol=1e-5) if right.dtype.kind == "f" else (found == right).all()
    manifest = read(bundles, name).manifest
    assert manifest.runtime in ("onnx", "compact") or manifest.reason
    assert (manifest.evaluation is not None) == judged(name)

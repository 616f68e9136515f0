"""Importing a user's own model: what is read from it and from its rows, and that a bundle is written whole or not."""

import ctypes
import signal
import subprocess
import sys
from time import monotonic

import joblib
import numpy as np
import pytest
from sklearn.linear_model import Ridge

from model.bundle.files import read
from tests.helpers.pipelines import CITY, NUMBERS, PRICE, TABLE, added, fit, mixed


def test_the_signature_is_what_the_pipeline_takes(tmp_path, model_cli):
    added(tmp_path, model_cli, "closed")
    city, size, rooms, lift = read(tmp_path / "b", "closed").manifest.signature.features
    assert (city.type, city.categories, city.closed, city.missing) == ("string", ("Köln", "Oslo", "Rome"), True, False)
    assert (size.type, size.missing, size.low, size.high) == ("number", True, TABLE["size"].min(), TABLE["size"].max())
    assert (rooms.type, lift.type) == ("integer", "boolean")
    added(tmp_path, model_cli, "mixed")
    assert read(tmp_path / "b", "mixed").manifest.signature.features[0].closed is False


def test_a_bundle_has_rules_for_the_log(tmp_path, model_cli):
    estimator, rows, _ = fit("closed")
    joblib.dump(estimator, tmp_path / "mine.joblib")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    given = ("add", tmp_path / "mine.joblib", "--data", tmp_path / "rows.csv", "--bundles", tmp_path / "b")
    done = model_cli(*given, "--log", "city=drop,size=hash", "--log", "*=keep")
    assert done.exit_code == 0, done.output
    found = read(tmp_path / "b", "mine").manifest
    assert found.log == {"city": "drop", "size": "hash", "*": "keep"}
    assert found.stamped().version == found.version
    assert "city is dropped, size is hashed, any other is kept" in done.output
    for wrong, sentence in (("town=drop", "the model has no such feature"), ("city=burn", "write FEATURE=keep,")):
        done = model_cli(*given, "--replace", "--log", wrong)
        assert done.exit_code == 2
        assert sentence in done.stderr
    assert read(tmp_path / "b", "mine").manifest.version == found.version


def test_the_first_rows_may_have_gaps_in_a_column_of_strings(tmp_path, model_cli):
    rows = TABLE.assign(city=np.where(np.arange(200) < 5, np.nan, CITY.astype(object)))
    estimator = mixed(Ridge()).fit(rows, PRICE)
    joblib.dump(estimator, tmp_path / "gaps.joblib")
    rows.to_csv(tmp_path / "gaps.csv", index=False)
    done = model_cli("add", tmp_path / "gaps.joblib", "--data", tmp_path / "gaps.csv", "--bundles", tmp_path / "b")
    assert done.exit_code == 0, done.output
    city = read(tmp_path / "b", "gaps").manifest.signature.features[0]
    assert (city.type, city.missing, city.categories) == ("string", True, ("Köln", "Oslo", "Rome"))


def test_replace_overwrites(tmp_path, model_cli):
    assert added(tmp_path, model_cli, "groups").exit_code == 0
    assert added(tmp_path, model_cli, "groups").exit_code == 2
    assert added(tmp_path, model_cli, "groups", "--replace").exit_code == 0


class Swallowing(Ridge):
    """Presses Ctrl-C when it is asked first, in a callback of C code: Python drops the exception there."""

    asked = False

    def predict(self, x):
        if not Swallowing.asked:
            Swallowing.asked = True
            ctypes.PYFUNCTYPE(None)(lambda: signal.raise_signal(signal.SIGINT))()
        return super().predict(x)


def when_it_compiles(process):
    until = monotonic() + 60
    while "compiling" not in process.stderr.readline():
        assert monotonic() < until
    process.send_signal(signal.SIGINT)


@pytest.mark.parametrize(
    ("estimator", "rows", "press"),
    [
        pytest.param(*fit("mixed")[:2], when_it_compiles, id="a user"),
        pytest.param(Swallowing().fit(NUMBERS, NUMBERS.x), NUMBERS, lambda _: None, id="where it is swallowed"),
    ],
)
def test_ctrl_c_leaves_no_half_bundle(estimator, rows, press, tmp_path):
    joblib.dump(estimator, tmp_path / "mixed.joblib")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    where = ["--data", tmp_path / "rows.csv", "--bundles", tmp_path / "b"]
    command = [sys.executable, "-m", "model", "add", tmp_path / "mixed.joblib", *where]
    # A shell that runs the tests in the background has its children ignore Ctrl-C, which nobody who types it does.
    process = subprocess.Popen(
        list(map(str, command)), stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )  # fmt: skip
    press(process)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130, rest
    assert "stopped; nothing was written" in rest
    assert not list((tmp_path / "b").glob("*"))

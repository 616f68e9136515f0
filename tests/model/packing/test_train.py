"""The sample models: trained again they say the same, and they say what their tutorials say."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from model.bundle.files import DEFAULT_ROOT, read
from model.check import load_verified
from model.packing.datasets.wine import STATISTICS
from model.runtime.load import load
from tests.helpers.bundles import SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_trained_again_it_predicts_the_same(name, tmp_path, model_cli):
    done = model_cli("train", name, "--bundles", tmp_path)
    assert done.exit_code == 0, done.output
    assert name in done.output
    again, committed = load_verified(tmp_path, name), load_verified(DEFAULT_ROOT, name)
    rows = [list(row) for row in committed.manifest.golden.rows]
    one, other = again.predict(again.reader(rows)), committed.predict(committed.reader(rows))
    if again.signature.task == "regression":
        np.testing.assert_allclose(one, other, rtol=1e-9)
    else:
        assert one.tolist() == other.tolist()
    assert again.signature == committed.signature


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wine", "churn"])
def test_processes_that_hash_differently_make_the_same_files(name, tmp_path):
    files = []
    for seed in ("1", "2", "3"):
        command = [sys.executable, "-m", "model", "train", name, "--bundles", str(tmp_path / seed)]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {"PYTHONHASHSEED": seed})
        files.append(read(tmp_path / seed, name).manifest.files)
    assert files[0] == files[1] == files[2]


def say(name, rows):
    model = load(read(DEFAULT_ROOT, name))
    return model.predict(model.reader(rows)).tolist()


def test_iris_knows_the_tutorials_flower():
    assert say("iris", [5.1, 3.5, 1.4, 0.2]) == [0]
    assert read(DEFAULT_ROOT, "iris").manifest.signature.targets[0].titles[0] == "Iris-setosa"


def test_echo_answers_each_number_with_itself():
    assert say("echo", [1, 2]) == [1, 2]


def test_churn_takes_gaps_and_categories_it_never_saw():
    row = {"tenure_months": None, "monthly_charges": 80, "support_calls": 9, "contract": "weekly"}
    assert say("churn", row | {"internet": None, "payment": "card"}) == ["yes"]


def test_purchase_and_wine_take_the_tutorials_columns():
    assert read(DEFAULT_ROOT, "purchase").manifest.signature.names == ("age", "new_user", "total_pages_visited")
    assert read(DEFAULT_ROOT, "wine").manifest.signature.names == tuple(STATISTICS)
    assert len(STATISTICS) == 11


def test_wine_says_that_its_rows_are_made_up():
    assert "generated" in read(DEFAULT_ROOT, "wine").manifest.notes[0]


def test_wine_trains_on_the_real_file(tmp_path, model_cli):
    """The real file has spaces and capitals in its header, and semicolons between its columns."""
    rng = np.random.default_rng(0)
    wines = pd.DataFrame({name.replace("_", " "): rng.normal(5, 1, 200) for name in STATISTICS})
    wines = wines.rename(columns={"ph": "pH"}).assign(quality=wines["alcohol"].round())
    wines.to_csv(tmp_path / "winequality.csv", sep=";", index=False)
    done = model_cli("train", "wine", "--data", tmp_path / "winequality.csv", "--bundles", tmp_path / "b")
    assert done.exit_code == 0, done.output
    manifest = read(tmp_path / "b", "wine").manifest
    assert "200 wines of winequality.csv" in manifest.notes[0]
    assert manifest.evaluation.metrics["r2"] > 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("wine", "--data", "SELF"), "lacks the columns"),
        (("iris", "--data", "SELF"), "brings its own rows"),
        (("nothing",), "'nothing' is not one of"),
    ],
)
def test_a_wrong_call_says_so(arguments, message, tmp_path, model_cli):
    (tmp_path / "some.csv").write_text("a,b\n1,2\n3,4\n")
    arguments = [tmp_path / "some.csv" if each == "SELF" else each for each in arguments]
    done = model_cli("train", *arguments, "--bundles", tmp_path / "b")
    assert done.exit_code == 2
    assert message in done.output
    assert not (tmp_path / "b").exists()

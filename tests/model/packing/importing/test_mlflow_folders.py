"""Folders that MLflow saved: MLmodel says which file holds the estimator, and which modules it needs."""

import sys
from importlib import import_module

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
import yaml
from sklearn.linear_model import LogisticRegression

from model.bundle.files import CODE, read

NUMBERS = pd.DataFrame(np.random.default_rng(3).normal(size=(100, 2)).round(3), columns=["x", "y"])
LINE = LogisticRegression().fit(NUMBERS, NUMBERS["x"] > 0)


def save(folder, flavors):
    folder.mkdir(exist_ok=True)
    NUMBERS.to_csv(folder.parent / "rows.csv", index=False)
    (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": flavors, "mlflow_version": "3.17.2"}))


def flavor(**more):
    sklearn = {"pickled_model": "model.pkl", "sklearn_version": "1.9.1", "code": None, **more}
    return {"python_function": {"loader_module": "mlflow.sklearn", "model_path": "model.pkl"}, "sklearn": sklearn}


def added(folder, model_cli, *options):
    where = ("--data", folder.parent / "rows.csv", "--bundles", folder.parent / "b")
    return model_cli("add", folder, *where, *options)


@pytest.mark.parametrize("kind", ["skops", "cloudpickle", "pickle"])
def test_a_folder_of_mlflow_becomes_the_bundle_that_its_estimator_becomes(kind, tmp_path, model_cli):
    folder, file = tmp_path / "iris-model", f"model.{'skops' if kind == 'skops' else 'pkl'}"
    save(folder, flavor(pickled_model=file, serialization_format=kind))
    if kind == "skops":
        skops.io.dump(LINE, folder / file)
    else:
        (folder / file).write_bytes(cloudpickle.dumps(LINE))
    done = added(folder, model_cli)
    assert done.exit_code == 0, done.output
    assert ("runs the code in it" in done.output) == (kind != "skops")
    joblib.dump(LINE, tmp_path / "iris-model.joblib")
    where = ("--data", tmp_path / "rows.csv", "--bundles", tmp_path / "other")
    assert model_cli("add", tmp_path / "iris-model.joblib", *where).exit_code == 0
    one, other = (read(tmp_path / place, "iris-model").manifest for place in ("b", "other"))
    assert one.signature == other.signature
    assert {name: one.files[name] for name in other.files if name != "model.joblib"} == {
        name: other.files[name] for name in other.files if name != "model.joblib"
    }


def test_modules_that_were_saved_beside_it_are_packed(tmp_path, model_cli):
    folder = tmp_path / "mine"
    save(folder, flavor(code="code"))
    (folder / "code" / "my_steps").mkdir(parents=True)
    (folder / "code" / "my_steps" / "__init__.py").write_text(
        "from sklearn.linear_model import LogisticRegression\n\n\nclass Mine(LogisticRegression):\n    pass\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder / "code")
        mine = import_module("my_steps").Mine()
        joblib.dump(mine.fit(NUMBERS, NUMBERS["x"] > 0), folder / "model.pkl")
        sys.modules.pop("my_steps")
    (folder / "code" / ".ipynb_checkpoints").mkdir()
    (folder / "code" / ".ipynb_checkpoints" / "my_steps.py").write_text("")
    done = added(folder, model_cli)
    assert done.exit_code == 0, done.output
    assert CODE in read(tmp_path / "b", "mine").manifest.files


def test_another_version_of_scikit_learn_is_noted(tmp_path, model_cli):
    save(tmp_path / "mine", flavor(pickled_model="model.skops", sklearn_version="1.2.0"))
    skops.io.dump(LINE, tmp_path / "mine" / "model.skops")
    assert added(tmp_path / "mine", model_cli).exit_code == 0
    assert "saved with scikit-learn 1.2.0" in read(tmp_path / "b", "mine").manifest.notes[0]


MISTAKES = {
    "own function": ({"python_function": {}}, "its flavors are python_function, and one of sklearn"),
    "nothing": (None, "its flavors are missing"),
    "no file": (flavor(), "names model.pkl, which is not there"),
    "outside": (flavor(pickled_model="../rows.csv"), "names ../rows.csv, which is not in this folder"),
    "a number": (flavor(pickled_model=7), "names no estimator"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_folder_that_names_no_estimator_is_refused_in_a_line(mistake, tmp_path, model_cli):
    flavors, why = MISTAKES[mistake]
    save(tmp_path / "mine", flavors)
    done = added(tmp_path / "mine", model_cli)
    assert (done.exit_code, done.output.count("error: ")) == (2, 1)
    assert why in done.output


@pytest.mark.parametrize("content", [b"\xff\xfe", b"{", b"- a list", b""])
def test_a_broken_mlmodel_is_refused_in_a_line(content, tmp_path, model_cli):
    save(tmp_path / "mine", {})
    (tmp_path / "mine" / "MLmodel").write_bytes(content)
    done = added(tmp_path / "mine", model_cli)
    assert (done.exit_code, done.output.count("error: ")) == (2, 1)


def test_another_folder_is_not_taken_for_one(tmp_path, model_cli):
    NUMBERS.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "mine").mkdir()
    done = added(tmp_path / "mine", model_cli)
    assert done.exit_code == 2
    assert "is a folder without MLmodel" in done.output

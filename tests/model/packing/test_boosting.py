"""Pipelines with LightGBM, XGBoost and CatBoost are compiled: the same answers, and no library needed to serve them."""

import json
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import StackingRegressor, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from model.bundle.files import read
from model.runtime.load import load
from tests.helpers.boosting import require_boosting
from tests.model.packing import boosters
from tests.model.packing.boosters import FRAME, GAPS, MIXED, NUMBER, ROWS, TWO, WORDS, catboost, lightgbm, xgboost

pytestmark = pytest.mark.xdist_group("boosting")


@pytest.fixture(autouse=True)
def _libraries():
    require_boosting()


def mixed(model, share=0.3):
    cities = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(
        make_column_transformer((SimpleImputer(), list("abc")), (cities, ["city"]), sparse_threshold=share), model
    )


def search(model):
    return GridSearchCV(make_pipeline(StandardScaler(), model), {"lgbmclassifier__num_leaves": [5, 9]}, cv=2)


def several():
    voters = [("light", lightgbm("Classifier")), ("xg", xgboost("Classifier")), ("cat", catboost("Classifier"))]
    return VotingClassifier(voters, voting="soft")


def stack():
    models = [("light", lightgbm("Regressor")), ("xg", xgboost("Regressor")), ("cat", catboost("Regressor"))]
    return StackingRegressor(models, cv=2)


PIPELINES = {
    "categories and gaps, LightGBM": (lambda: lightgbm("Classifier"), FRAME, WORDS),
    "categories and gaps, XGBoost": (lambda: xgboost("Classifier", enable_categorical=True), FRAME, TWO),
    "sparse columns, XGBoost": (lambda: mixed(xgboost("Classifier"), share=1.0), MIXED, TWO),
    "mixed columns, CatBoost": (lambda: mixed(catboost("Classifier")), MIXED, WORDS),
    "a search, LightGBM": (lambda: search(lightgbm("Classifier")), ROWS, TWO),
    "calibrated, XGBoost": (lambda: CalibratedClassifierCV(xgboost("Classifier"), cv=2), GAPS, TWO),
    "a vote of all three": (several, ROWS, TWO),
    "a stack of all three": (stack, ROWS, NUMBER),
}


def added(folder, model_cli, estimator, rows, target, *options):
    """Add a fitted model by the command line with a CSV of its rows, and return its bundle's manifest."""
    estimator.fit(rows, target)
    joblib.dump(estimator, folder / "mine.joblib")
    rows.assign(answer=target).to_csv(folder / "rows.csv", index=False)
    where = ("--data", folder / "rows.csv", "--target", "answer", "--bundles", folder, "--name", "mine")
    done = model_cli("add", folder / "mine.joblib", *where, *options)
    assert done.exit_code == 0, done.output
    checked = model_cli("check", "mine", "--bundles", folder)
    assert checked.exit_code == 0, checked.output
    return read(folder, "mine").manifest


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_is_compiled_and_answers_as_the_library(name, tmp_path, model_cli):
    make, rows, target = PIPELINES[name]
    estimator = make()
    manifest = added(tmp_path, model_cli, estimator, rows, target)
    assert manifest.runtime == "onnx", manifest.reason
    assert manifest.parity.largest_error < 3e-7
    model = load(read(tmp_path, "mine"))
    given = model.reader(json.loads(rows.to_json(orient="records")))
    found, expected = model.predict(given), np.asarray(estimator.predict(rows)).ravel()
    if target is NUMBER:
        assert np.allclose(found, expected, rtol=1e-6, atol=0)
    else:
        assert (found == expected).all()


SERVED = """
import json, sys
from model.check import load_verified
from pathlib import Path
model = load_verified(Path(sys.argv[1]), "mine")
answer = model.predict(model.reader([[0.5, None, 1.5]])).tolist()
print(json.dumps([answer, sorted({name.split(".")[0] for name in sys.modules})]))
"""


def test_serving_imports_no_library(tmp_path, model_cli):
    estimator = xgboost("Regressor")
    added(tmp_path, model_cli, estimator, GAPS, NUMBER)
    done = subprocess.run([sys.executable, "-c", SERVED, tmp_path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    answer, modules = json.loads(done.stdout)
    assert answer == [float(estimator.predict(np.array([[0.5, np.nan, 1.5]]))[0])]
    assert not {"xgboost", "lightgbm", "catboost", "sklearn", "pandas"} & set(modules)


@pytest.mark.parametrize("make", [boosters.of(library, "Regressor") for library in (lightgbm, xgboost, catboost)])
def test_one_row_is_answered_in_the_librarys_own_arithmetic(make, tmp_path, model_cli):
    estimator = make(**({"iterations": 150} if make.func is catboost else {"n_estimators": 300}))
    # Every form that was proven, whichever is the quickest here.
    added(tmp_path, model_cli, estimator, ROWS, NUMBER, "--lean")
    model = load(read(tmp_path, "mine"))
    found = np.array([model.answer_row(row) for row in ROWS.to_numpy().tolist()], dtype=float)
    expected = estimator.predict(ROWS).astype(float)
    # XGBoost adds up in float32, where any other order shows; float64 may differ in the last places.
    assert (found == expected).all() if make.func is xgboost else np.abs(found - expected).max() < 1e-13


def test_categories_known_by_hashes_are_served_by_catboost(tmp_path, model_cli):
    rows = MIXED.assign(city=MIXED["city"].fillna("nowhere"))
    manifest = added(tmp_path, model_cli, catboost("Classifier", cat_features=["city"]), rows, TWO)
    assert manifest.runtime == "sklearn"
    assert "hashes" in manifest.reason
    assert {"catboost", "scikit-learn"} <= set(manifest.requires)


def test_a_missing_library_is_named_with_its_extra(tmp_path, model_cli, monkeypatch):
    joblib.dump(lightgbm("Classifier").fit(ROWS, TWO), tmp_path / "mine.joblib")
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    for name in [name for name in sys.modules if name.split(".")[0] == "lightgbm"]:
        monkeypatch.setitem(sys.modules, name, None)
    done = model_cli("add", tmp_path / "mine.joblib", "--data", tmp_path / "rows.csv", "--bundles", tmp_path)
    assert done.exit_code == 2
    assert "lightgbm" in done.stderr
    assert "make setup EXTRAS=boosting" in done.stderr

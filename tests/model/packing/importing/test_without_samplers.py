"""Pipelines of imbalanced-learn draw rows anew while they are fitted; what is served is the rest of their steps."""

import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline, make_pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import score_app
from model.bundle.files import read
from model.packing.importing.without_samplers import without_samplers
from model.runtime.load import load

RNG = np.random.default_rng(3)
ROWS = pd.DataFrame(RNG.normal(size=(300, 3)).round(3), columns=["x", "y", "z"])
RARE = np.where(ROWS["x"] + ROWS["y"] > 1.6, "fraud", "fine")
CITIES = ROWS.assign(city=RNG.choice(["Oslo", "Rome"], 300))
COLUMNS = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
LINE = make_pipeline(StandardScaler(), SMOTE(random_state=0), LogisticRegression())

MODELS = {
    "oversampled": (LINE, ROWS),
    "columns": (
        make_pipeline(COLUMNS, RandomUnderSampler(random_state=0), RandomForestClassifier(5, random_state=0)),
        CITIES,
    ),
    "searched": (GridSearchCV(LINE, {"smote__k_neighbors": [2, 3]}, cv=2), ROWS),
    "within": (Pipeline([("scale", StandardScaler()), ("rest", LINE)]), ROWS),
    "vote": (VotingClassifier([("line", LINE), ("forest", RandomForestClassifier(3, random_state=0))]), ROWS),
}


@pytest.mark.parametrize("name", MODELS)
def test_it_is_compiled_and_answers_as_the_pipeline_does(name, tmp_path, model_cli):
    estimator, rows = MODELS[name]
    estimator.fit(rows, RARE)
    joblib.dump(estimator, tmp_path / "mine.joblib")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    where = ("--data", tmp_path / "rows.csv", "--bundles", tmp_path / "b", "--lean")
    done = model_cli("add", tmp_path / "mine.joblib", *where)
    assert done.exit_code == 0, done.output
    bundle = read(tmp_path / "b", "mine")
    model = load(bundle)
    assert bundle.manifest.runtime == "onnx", bundle.manifest.reason
    assert model.predict(model.reader(rows.to_numpy().tolist())).tolist() == estimator.predict(rows).tolist()


def test_no_process_that_opens_the_bundle_needs_the_library(tmp_path):
    LINE.fit(ROWS, RARE)
    score_app.pack(LINE, ROWS, RARE, name="mine", bundles=tmp_path)
    program = (
        "import sys; sys.modules['imblearn'] = None; from pathlib import Path; from model.check import check_bundle; "
        "print(check_bundle(Path(sys.argv[1]), 'mine', None))"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_callers_own_pipeline_stays_as_it_is(tmp_path):
    LINE.fit(ROWS, RARE)
    assert without_samplers(LINE) is not LINE
    assert [name for name, _ in LINE.steps] == ["standardscaler", "smote", "logisticregression"]
    plain = LogisticRegression().fit(ROWS, RARE)
    assert without_samplers(plain) is plain

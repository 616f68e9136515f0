"""An empty cell of a CSV file is the same to everybody who reads one: `add`, a request, and the scoring of files."""

import csv
import io

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from api.application import build
from api.settings import Settings
from api.telemetry.logs import Log
from model.bundle.files import read
from model.check import load_verified
from model.packing.data import PackError
from score_app import pack
from tests.helpers.server import Client

CELLS = {
    "number": ["1.5", "-2", "1e3"],
    "whole": ["3", "40"],
    "flag": ["True", "False"],
    "word": ["red", "blue", "x"],
    "note": ["a long text", "another", "the third, with a comma"],
    "day": ["2026-11-28", "2024-02-29"],
}
SENT = {"Content-Type": "text/csv", "Accept": "application/json"}


class Gaps(RegressorMixin, BaseEstimator):
    """Answers which cells of a row are missing, and which are an empty text."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        places = 3.0 ** np.arange(X.shape[1])
        return X.isna().to_numpy() @ places + 2 * ((X == "").to_numpy(dtype=bool) @ places)


def rows_of(count):
    """Return cells in which each fifth one is empty."""
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({name: draw.choice(cells, count) for name, cells in CELLS.items()})
    return frame.mask(draw.random(frame.shape) < 0.2, "")


def answer_of(rows):
    return (rows == "").to_numpy() @ 3.0 ** np.arange(rows.shape[1])


def client(folder, name):
    return Client(*build(Settings(model=(name,), bundles=folder), [load_verified(folder, name)], Log("info", None)))


def scored(folder, name, rows, model_cli):
    """Return what the scoring of a file answers, and which rows it leaves out."""
    rows.to_csv(folder / "in.csv", index=False)
    done = model_cli("score", name, folder / "in.csv", folder / "out.csv", "--replace", "--bundles", folder)
    assert done.exit_code == 0, done.output
    bad = folder / "out.csv.bad_rows.csv"
    left_out = pd.read_csv(bad)["reason"].tolist() if bad.exists() else []
    return pd.read_csv(folder / "out.csv")["prediction"].tolist(), left_out


@pytest.fixture(scope="module")
def added(tmp_path_factory, model_cli):
    """Give a folder with a bundle that tells what it was given, and what `add` has said."""
    folder, rows = tmp_path_factory.mktemp("gaps"), rows_of(120)
    joblib.dump(Gaps().fit(rows), folder / "gaps.joblib")
    rows.assign(answer=answer_of(rows)).to_csv(folder / "rows.csv", index=False)
    given = ("--data", folder / "rows.csv", "--target", "answer", "--types", "day=date")
    done = model_cli("add", folder / "gaps.joblib", *given, "--bundles", folder)
    assert done.exit_code == 0, done.output
    return folder


def test_add_takes_an_empty_cell_for_a_missing_value(added):
    manifest = read(added, "gaps").manifest
    assert manifest.evaluation.metrics["mean_absolute_error"] == 0
    rows = rows_of(120)
    assert {name: each.missing for name, each in manifest.reference.features.items()} == (rows == "").sum().to_dict()


@given(st.lists(st.tuples(*(st.sampled_from(["", *cells]) for cells in CELLS.values())), min_size=1, max_size=5))
@settings(max_examples=30)
def test_a_request_and_a_file_are_read_alike(added, model_cli, drawn):
    rows = pd.DataFrame(drawn, columns=list(CELLS))
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([rows.columns, *drawn])
    asked = client(added, "gaps").post("/invocations", file.getvalue().encode(), SENT)
    assert asked.json["predictions"] == answer_of(rows).tolist()
    assert scored(added, "gaps", rows, model_cli) == (answer_of(rows).tolist(), [])


WORDS = pd.DataFrame({"city": np.tile(["Rome", "", "Oslo"], 40), "size": np.arange(120.0)})


@pytest.mark.parametrize("unknown", ["error", "ignore"])
def test_an_empty_category_of_training_is_no_missing_value(unknown, tmp_path, model_cli):
    columns = make_column_transformer((OneHotEncoder(handle_unknown=unknown), ["city"]), remainder="passthrough")
    price = np.where(WORDS["city"] == "", 500, 10) + WORDS["size"]
    fitted = make_pipeline(columns, LinearRegression()).fit(WORDS, price)
    joblib.dump(fitted, tmp_path / "mine.joblib")
    WORDS.assign(price=price).to_csv(tmp_path / "rows.csv", index=False)
    given = ("--data", tmp_path / "rows.csv", "--target", "price", "--bundles", tmp_path)
    done = model_cli("add", tmp_path / "mine.joblib", *given)
    assert done.exit_code == 0, done.output
    assert read(tmp_path, "mine").manifest.evaluation.metrics["r2"] == pytest.approx(1)
    asked = client(tmp_path, "mine").post("/invocations", WORDS[:6].to_csv(index=False).encode(), SENT)
    assert asked.json["predictions"] == pytest.approx(price[:6].tolist())
    answers, left_out = scored(tmp_path, "mine", WORDS[:6], model_cli)
    assert (answers, left_out) == (pytest.approx(price[:6].tolist()), [])


NOTES = pd.DataFrame({"note": ["late parcel", "wrong invoice", "", "parcel again", "invoice twice", ""] * 20})
TEAM = np.where(NOTES["note"].str.contains("parcel"), "delivery", "billing")


def test_an_empty_text_is_refused_by_everybody_unless_add_is_told(tmp_path, model_cli):
    fitted = make_pipeline(make_column_transformer((TfidfVectorizer(), "note")), LogisticRegression()).fit(NOTES, TEAM)
    joblib.dump(fitted, tmp_path / "mine.joblib")
    rows = NOTES.assign(team=TEAM)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    given = (
        "add",
        tmp_path / "mine.joblib",
        "--data",
        tmp_path / "rows.csv",
        "--target",
        "team",
        "--bundles",
        tmp_path,
    )
    done = model_cli(*given)
    assert done.exit_code == 2
    assert "takes no missing value of note, and 40 rows of the data have one: leave these rows out; " in done.stderr
    assert "--types note=string reads an empty cell as an empty text" in done.stderr
    done = model_cli(*given, "--types", "note=string")
    assert done.exit_code == 0, done.output
    rows[rows["note"] != ""].to_csv(tmp_path / "rows.csv", index=False)
    done = model_cli(*given, "--replace")
    assert done.exit_code == 0, done.output
    asked = client(tmp_path, "mine")
    answer = asked.post("/invocations", b'note,id\n"",1\nlate,2\n', SENT)
    assert (answer.status, "may not be null" in answer.body.decode()) == (422, True)
    assert asked.post("/score", {"X": [{"note": ""}]}).json["score"] == fitted.predict(NOTES[2:3]).tolist()
    answers, left_out = scored(tmp_path, "mine", NOTES[:3], model_cli)
    assert answers == fitted.predict(NOTES[:2]).tolist()
    assert left_out == ["may not be null: the model does not take missing values"]


def test_a_data_frame_with_a_missing_text_is_refused_with_the_same_sentence(tmp_path):
    fitted = make_pipeline(make_column_transformer((TfidfVectorizer(), "note")), LogisticRegression()).fit(NOTES, TEAM)
    gaps = NOTES.mask(NOTES == "")
    with pytest.raises(PackError, match=r"takes no missing value of note, and 40 rows of the data have one"):
        pack(fitted, gaps, name="mine", bundles=tmp_path)

"""Importing a user's own model: pipelines of every kind go in, and every mistake is said in one line."""

import ctypes
import gzip
import json
import pickle
import signal
import subprocess
import sys
from time import monotonic

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, IsolationForest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC

from model.bundle.files import read

RNG = np.random.default_rng(3)
CITY = RNG.choice(["Oslo", "Rome", "Köln"], 200)
SIZE = RNG.gamma(3, 20, 200).round(1)
TABLE = pd.DataFrame({"city": CITY, "size": SIZE, "rooms": (SIZE / 25 + 1).astype(int), "lift": SIZE > 50})
TABLE.loc[::9, "size"] = np.nan
PRICE = SIZE * 3 + (CITY == "Oslo") * 50
DEAR = np.where(PRICE > 200, "dear", "cheap")
TEXTS = [f"{a} {b} {c}" for a, b, c in RNG.choice(["good", "bad", "fine", "awful", "tea", "cup", "don't"], (120, 3))]
MOOD = np.array(["bad" in text or "awful" in text for text in TEXTS])
NUMBERS = pd.DataFrame(RNG.normal(size=(150, 3)), columns=["x", "y", "z"])


def mixed(*last, categories="ignore"):
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = make_column_transformer(
        (numbers, ["size", "rooms"]), (OneHotEncoder(handle_unknown=categories), ["city"]), remainder="passthrough"
    )
    return make_pipeline(columns, *last)


def ordinal():
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = make_column_transformer((encoder, ["city"]), remainder="passthrough")
    return make_pipeline(columns, HistGradientBoostingClassifier(max_iter=20, random_state=0))


PIPELINES = {
    "text": (make_pipeline(TfidfVectorizer(), LogisticRegression()), pd.DataFrame({"review": TEXTS}), MOOD),
    "mixed": (mixed(GradientBoostingClassifier(n_estimators=20, random_state=0)), TABLE, DEAR),
    "closed": (mixed(Ridge(), categories="error"), TABLE, PRICE),
    "ordinal": (ordinal(), TABLE, DEAR),
    "searched": (GridSearchCV(make_pipeline(StandardScaler(), SVC()), {"svc__C": [1, 9]}), NUMBERS, NUMBERS["x"] > 0),
    "several": (MultiOutputRegressor(KNeighborsRegressor()), NUMBERS, NUMBERS[["x", "y"]] * 2),
    "groups": (make_pipeline(StandardScaler(), KMeans(3, n_init=1, random_state=0)), NUMBERS, None),
    "odd-ones": (IsolationForest(n_estimators=20, random_state=0), NUMBERS, None),
}
FRESH = """
import json, sys
from pathlib import Path
from model.check import load_verified
for name, rows in json.load(sys.stdin).items():
    model = load_verified(Path(sys.argv[1]), name)
    print(json.dumps(model.predict(model.reader(rows)).tolist()))
"""


def fit(name):
    estimator, rows, target = PIPELINES[name]
    if name == "text":
        return estimator.fit(rows["review"], target), rows, target
    return estimator.fit(rows, target), rows, target


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
    said = subprocess.run(command, input=json.dumps(sent), capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    return folder / "b", dict(zip(sent, map(json.loads, said.stdout.splitlines()), strict=True))


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


def added(tmp_path, model_cli, name, *options):
    estimator, rows, _ = fit(name)
    joblib.dump(estimator, tmp_path / f"{name}.joblib")
    rows.to_csv(tmp_path / f"{name}.csv", index=False)
    return model_cli("add", tmp_path / f"{name}.joblib", "--data", tmp_path / f"{name}.csv",
                     "--bundles", tmp_path / "b", *options)  # fmt: skip


class Fitted:
    """Not an estimator, and has no predict."""


def dump(thing, path):
    path.write_bytes(pickle.dumps(thing))


def older(estimator, path, *, break_it):
    """Write a pickle that says an older scikit-learn made it, and that names a module this one has not."""
    content = pickle.dumps(estimator).replace(b"\x8c\x051.9.1", b"\x8c\x050.1.1")
    path.write_bytes(content.replace(b"_logistic", b"_logistik") if break_it else content)


LINE = LogisticRegression().fit(NUMBERS, NUMBERS["x"] > 0)
PLAIN = LogisticRegression().fit(NUMBERS.to_numpy(), NUMBERS["x"] > 0)
DATED = NUMBERS.assign(x=pd.Series([1, "two"] * 75, dtype=object))

MISTAKES = {
    "text file": (lambda p: p.write_text("hello"), NUMBERS, (), "is not a pickle or joblib file"),
    "empty file": (lambda p: p.write_bytes(b""), NUMBERS, (), "is not a pickle or joblib file"),
    "cut short": (lambda p: p.write_bytes(pickle.dumps(LINE)[:200]), NUMBERS, (), "cannot be opened"),
    "compressed text": (lambda p: p.write_bytes(gzip.compress(b"hello")), NUMBERS, (), "is not a pickle"),
    "a dictionary": (lambda p: dump({"model": 1}, p), NUMBERS, (), "holds a dict, not a scikit-learn estimator"),
    "a class": (lambda p: dump(LogisticRegression, p), NUMBERS, (), "not a scikit-learn estimator"),
    "no predict": (lambda p: dump(StandardScaler().fit(NUMBERS), p), NUMBERS, (), "StandardScaler has no predict"),
    "not fitted": (lambda p: dump(LogisticRegression(), p), NUMBERS, (), "was saved before it was fitted"),
    "old and broken": (
        lambda p: older(LINE, p, break_it=True), NUMBERS, (), "saved with scikit-learn 0.1.1, which 1.9.1 here"
    ),
    "columns missing": (lambda p: dump(LINE, p), NUMBERS[["x"]], (), "the data lacks y, z"),
    "too many columns": (
        lambda p: dump(PLAIN, p), NUMBERS.assign(more=1), (), "was fitted on 3 columns, the data has 4; --target"
    ),
    "unusable column": (lambda p: dump(LINE, p), DATED, (), "column 'x' holds 'two' (row 1), but the model"),
    "empty column": (lambda p: dump(LINE, p), NUMBERS.assign(y=None), (), "column 'y' has no value in any row"),
    "no such target": (lambda p: dump(LINE, p), NUMBERS, ("--target", "price"), "has no column 'price'"),
    "labels it does not know": (
        lambda p: dump(LINE, p), NUMBERS.assign(t="yes"), ("--target", "t"), "the target 't' holds yes, but"
    ),
    "no rows": (lambda p: dump(LINE, p), NUMBERS.head(0), (), "has no rows below its header"),
    "bad name": (lambda p: dump(LINE, p), NUMBERS, ("--name", "../up"), "'../up' is not a bundle's name"),
    "name taken": (lambda p: dump(LINE, p), NUMBERS, ("--name", "taken"), "--replace overwrites it"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_and_writes_nothing(mistake, tmp_path, model_cli):
    make, data, options, said = MISTAKES[mistake]
    make(tmp_path / "mine.pkl")
    data.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "b" / "taken").mkdir(parents=True)
    where = ("--data", tmp_path / "rows.csv", "--bundles", tmp_path / "b")
    done = model_cli("add", tmp_path / "mine.pkl", *where, *options)
    errors = [line for line in done.output.splitlines() if line.startswith("error: ")]
    assert done.exit_code == 2, done.output
    assert len(errors) == 1
    assert said in errors[0]
    assert [entry.name for entry in (tmp_path / "b").iterdir()] == ["taken"]


def test_an_older_pickle_that_opens_is_noted_in_the_card(tmp_path, model_cli):
    older(LINE, tmp_path / "mine.pkl", break_it=False)
    NUMBERS.to_csv(tmp_path / "rows.csv", index=False)
    done = model_cli("add", tmp_path / "mine.pkl", "--data", tmp_path / "rows.csv", "--bundles", tmp_path / "b")
    assert done.exit_code == 0, done.output
    assert "saved with scikit-learn 0.1.1" in read(tmp_path / "b", "mine").manifest.notes[0]


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

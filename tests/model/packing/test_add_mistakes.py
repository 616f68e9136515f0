"""Every mistake in importing a model is one line, and writes nothing."""

import gzip
import pickle

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import StandardScaler

from model.bundle.files import read
from tests.helpers.pipelines import NUMBERS


def dump(thing, path):
    path.write_bytes(pickle.dumps(thing))


def older(estimator, path, *, break_it):
    """Write a pickle that says an older scikit-learn made it, and that names a module this one has not."""
    content = pickle.dumps(estimator).replace(b"\x8c\x051.9.1", b"\x8c\x050.1.1")
    path.write_bytes(content.replace(b"_logistic", b"_logistik") if break_it else content)


LINE = LogisticRegression().fit(NUMBERS, NUMBERS["x"] > 0)
TWO = LinearRegression().fit(NUMBERS[["x"]], NUMBERS[["y", "z"]])
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
    "one target of two": (
        lambda p: dump(TWO, p), NUMBERS, ("--target", "y"), "the model answers 2 targets, but 1 (y) is named: give each"
    ),
    "two targets for one": (
        lambda p: dump(LINE, p), NUMBERS.assign(t=1, u=1), ("--target", "t", "--target", "u"), "answers 1 target, but 2"
    ),
    "the type of no feature": (
        lambda p: dump(LINE, p), NUMBERS.assign(t=1), ("--types", "t=string"), "--types t: the model has no such"
    ),
    "labels it does not know": (
        lambda p: dump(LINE, p), NUMBERS.assign(t="yes"), ("--target", "t"), "the target 't' holds yes, but"
    ),
    "no rows": (lambda p: dump(LINE, p), NUMBERS.head(0), (), "has no rows below its header"),
    "bad name": (lambda p: dump(LINE, p), NUMBERS, ("--name", "../up"), "'../up' is not a bundle's name"),
    "name taken": (lambda p: dump(LINE, p), NUMBERS, ("--name", "taken"), "--replace overwrites it"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_and_writes_nothing(mistake, tmp_path, model_cli):
    make, data, options, message = MISTAKES[mistake]
    make(tmp_path / "mine.pkl")
    data.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "b" / "taken").mkdir(parents=True)
    where = ("--data", tmp_path / "rows.csv", "--bundles", tmp_path / "b")
    done = model_cli("add", tmp_path / "mine.pkl", *where, *options)
    errors = [line for line in done.output.splitlines() if line.startswith("error: ")]
    assert done.exit_code == 2, done.output
    assert len(errors) == 1
    assert message in errors[0]
    assert [entry.name for entry in (tmp_path / "b").iterdir()] == ["taken"]


def test_an_older_pickle_that_opens_is_noted_in_the_card(tmp_path, model_cli):
    older(LINE, tmp_path / "mine.pkl", break_it=False)
    NUMBERS.to_csv(tmp_path / "rows.csv", index=False)
    done = model_cli("add", tmp_path / "mine.pkl", "--data", tmp_path / "rows.csv", "--bundles", tmp_path / "b")
    assert done.exit_code == 0, done.output
    assert "saved with scikit-learn 0.1.1" in read(tmp_path / "b", "mine").manifest.notes[0]

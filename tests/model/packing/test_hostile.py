"""Whatever an estimator does and its data hold: a bundle that passes its check, or one sentence and nothing."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier

from tests.model.packing import hostile
from tests.model.packing.hostile import ANSWERS, COLUMNS, COUNT, GOOD, NAMES, NUMBERS, RAISES, Own
from tests.model.packing.outcomes import outcome

pytestmark = pytest.mark.filterwarnings("ignore")
X, POSITIVE = NUMBERS.to_numpy(), (NUMBERS["a"] > 0).to_numpy()


def encoded(last=None):
    encoders = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["b"]), (OrdinalEncoder(), ["b"]), remainder="passthrough"
    )
    return make_pipeline(encoders, last or Ridge())


@pytest.mark.parametrize("how", [*RAISES, *ANSWERS])
def test_an_estimator_that_misbehaves_is_refused_in_a_sentence(how, tmp_path, model_cli):
    error = outcome(tmp_path, model_cli, Own(how).fit(NUMBERS), NUMBERS)
    assert error is not None
    if how in RAISES:
        assert error.startswith("error: Own cannot ")
        assert type(RAISES[how]).__name__ in error
        assert "--debug shows the traceback" in error


@pytest.mark.parametrize("how", GOOD)
def test_what_else_an_estimator_does_is_its_own_affair(how, tmp_path, model_cli):
    assert outcome(tmp_path, model_cli, Own(how).fit(NUMBERS), NUMBERS) is None


def test_what_an_estimator_prints_is_no_output_of_ours(tmp_path, model_cli):
    joblib.dump(Own("prints").fit(NUMBERS), tmp_path / "mine.joblib")
    NUMBERS.to_pickle(tmp_path / "rows.pkl")
    where = ("--bundles", tmp_path / "b")
    added = model_cli("add", tmp_path / "mine.joblib", "--data", tmp_path / "rows.pkl", *where)
    checked = model_cli("check", *where)
    assert (added.exit_code, checked.exit_code) == (0, 0)
    assert "not one of ours" not in added.stdout + checked.stdout
    assert "not one of ours" in added.stderr


def test_ctrl_c_still_interrupts(tmp_path, model_cli):
    joblib.dump(Own("Ctrl-C").fit(NUMBERS), tmp_path / "mine.joblib")
    NUMBERS.to_pickle(tmp_path / "rows.pkl")
    arguments = ("add", tmp_path / "mine.joblib", "--data", tmp_path / "rows.pkl", "--bundles", tmp_path / "b")
    done = model_cli(*arguments)
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (130, "stopped; nothing was written")


def test_debug_shows_the_traceback(tmp_path, model_cli):
    joblib.dump(Own("ValueError").fit(NUMBERS), tmp_path / "mine.joblib")
    NUMBERS.to_pickle(tmp_path / "rows.pkl")
    arguments = ("add", tmp_path / "mine.joblib", "--data", tmp_path / "rows.pkl", "--bundles", tmp_path / "b")
    done = model_cli(*arguments, "--debug")
    assert done.exit_code == 2
    assert "Traceback (most recent call last)" in done.stderr
    assert "raise error" in done.stderr


def test_a_bundle_that_raises_when_checked_does_not_hide_the_others(tmp_path, model_cli, monkeypatch):
    for name, estimator in (("first", Own()), ("second", Ridge())):
        joblib.dump(estimator.fit(NUMBERS, POSITIVE), tmp_path / f"{name}.joblib")
        NUMBERS.to_pickle(tmp_path / "rows.pkl")
        where = ("--data", tmp_path / "rows.pkl", "--bundles", tmp_path / "b")
        assert model_cli("add", tmp_path / f"{name}.joblib", *where).exit_code == 0
    monkeypatch.setitem(hostile.PREDICT, "first column", hostile.PREDICT["SystemExit"])
    done = model_cli("check", "--bundles", tmp_path / "b")
    assert done.exit_code == 1
    assert done.stderr == "error: first: cannot be checked: SystemExit: 3 (--debug shows the traceback)\n"
    assert done.stdout.startswith("second ")


@pytest.mark.parametrize("make", [Own, encoded], ids=["own code", "encoders"])
@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_odd_values(name, make, tmp_path, model_cli):
    rows = NUMBERS.assign(b=COLUMNS[name])
    try:
        estimator = make().fit(rows, NUMBERS["a"])
    except (ValueError, TypeError, ArithmeticError):
        return  # scikit-learn itself does not train on it
    outcome(tmp_path, model_cli, estimator, rows)


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_of_columns(name, tmp_path, model_cli):
    rows = NUMBERS.set_axis(pd.Index(NAMES[name], dtype=object), axis=1)
    for estimator in (Ridge().fit(X, POSITIVE), Own().fit(rows)):
        outcome(tmp_path, model_cli, estimator, rows)
    if name not in ("surrogates", "zero bytes"):
        rows.to_csv(tmp_path / "rows.csv", index=False)
        outcome(tmp_path, model_cli, Ridge().fit(X, POSITIVE), tmp_path / "rows.csv")


def with_attribute(estimator, name, value):
    setattr(estimator, name, value)
    return estimator


PAIRS = np.column_stack([np.where(POSITIVE, "a", "b"), POSITIVE.astype(int)]).astype(object)
FITTED = {
    "one class": DummyClassifier().fit(X, np.zeros(COUNT)),
    "one class of a tree": DecisionTreeClassifier().fit(X, ["nan"] * COUNT),
    "labels like missing": LogisticRegression().fit(X, np.where(POSITIVE, "nan", "None")),
    "targets of two kinds": MultiOutputClassifier(DecisionTreeClassifier()).fit(X, PAIRS),
    "boolean labels": LogisticRegression().fit(X, POSITIVE),
    "large labels": LogisticRegression().fit(X, np.where(POSITIVE, 2**60, -(2**60))),
    "unsigned labels": LogisticRegression().fit(X, POSITIVE.astype(np.uint64) * np.uint64(2**64 - 1)),
    "bytes labels": DecisionTreeClassifier().fit(X, np.where(POSITIVE, b"a", b"b")),
    "NaN within": with_attribute(Ridge().fit(X, POSITIVE), "coef_", np.array([np.nan, 1])),
    "inf within": with_attribute(Ridge().fit(X, POSITIVE), "coef_", np.array([np.inf, 1])),
    "None within": with_attribute(Ridge().fit(X, POSITIVE), "coef_", None),
    "other classes": with_attribute(LogisticRegression().fit(X, POSITIVE), "classes_", np.array([1, 2, 3])),
    "no classes": with_attribute(LogisticRegression().fit(X, POSITIVE), "classes_", None),
    "other names": with_attribute(Ridge().fit(X, POSITIVE), "feature_names_in_", np.array(["a", "a"], dtype=object)),
    "a width that is none": with_attribute(Ridge().fit(X, POSITIVE), "n_features_in_", "x"),
    "neighbours": KNeighborsClassifier().fit(X, POSITIVE),
}


@pytest.mark.parametrize("count", [0, 1, 2, COUNT])
@pytest.mark.parametrize("name", FITTED)
def test_few_rows_odd_labels_and_broken_estimators(name, count, tmp_path, model_cli):
    assert (outcome(tmp_path, model_cli, FITTED[name], NUMBERS.head(count)) is not None) or count


TARGETS = {"NaN": np.where(POSITIVE, np.nan, 1.0), "only NaN": np.full(COUNT, np.nan), "1e308": [1e308] * COUNT}
TARGETS |= {"like missing": ["nan", "None"] * (COUNT // 2), **COLUMNS}


@pytest.mark.parametrize("name", TARGETS)
def test_odd_targets(name, tmp_path, model_cli):
    rows = NUMBERS.assign(t=TARGETS[name])
    for estimator in (Ridge().fit(X, POSITIVE), FITTED["boolean labels"], FITTED["labels like missing"]):
        outcome(tmp_path, model_cli, estimator, rows, "--target", "t")


def test_thousands_of_categories(tmp_path, model_cli):
    rows = pd.DataFrame({"b": [f"c{place}" for place in range(5000)], "a": np.arange(5000.0)})
    for each in (rows, rows.assign(b=rows["b"].astype("category"))):
        assert outcome(tmp_path, model_cli, Own().fit(rows), each[["a", "b"]]) is None

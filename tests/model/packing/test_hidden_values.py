"""The golden rows hold no value of one person in a feature that the prediction log hides."""

from collections import Counter

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import score_app
from api.openapi.examples import example
from model.bundle.files import read
from model.check import load_verified
from model.packing.data import PackError
from model.packing.invent import MANY, invented_values
from model.schema.signature import Feature, Signature, Target
from tests.model.packing.texts import TEXTS

ROWS = 400
RNG = np.random.default_rng(4)
PEOPLE = pd.DataFrame(
    {
        "salary": RNG.normal(50_000, 9_000, ROWS).round(2),
        "age": RNG.integers(18, 80, ROWS),
        "height": RNG.normal(1.7, 0.1, ROWS),
        "customer": 2**60 + RNG.permutation(ROWS) * 7,
        "member": RNG.permutation(ROWS),
        "email": [f"anna.{RNG.integers(10**9)}@mail{RNG.integers(99)}.example.com" for _ in range(ROWS)],
        "joined": pd.Timestamp("2020-01-01") + pd.to_timedelta(RNG.permutation(ROWS) * 3, unit="D"),
        "seen": pd.Timestamp("2026-01-01") + pd.to_timedelta(RNG.integers(10**9, size=ROWS), unit="ms"),
        "vip": RNG.random(ROWS) < 0.3,
        "city": RNG.choice(["Köln", "Oslo", "Rome"], ROWS),
        "note": [TEXTS[place % len(TEXTS)] for place in range(ROWS)],
        "rooms": RNG.integers(1, 4, ROWS),
    }
)
PEOPLE.loc[RNG.random(ROWS) < 0.2, "height"] = np.nan
GROUP = np.where(PEOPLE["salary"] + 300 * PEOPLE["age"] + RNG.normal(0, 5e3, ROWS) > 65_000, "high", "low")


def pipeline(frame, *texts):
    """Return a classifier that takes all columns and looks at some."""
    columns = make_column_transformer(
        (StandardScaler(), ["salary", "age", "rooms"]),
        (OneHotEncoder(handle_unknown="ignore"), ["city"]),
        *[(TfidfVectorizer(), text) for text in texts],
    )
    return make_pipeline(columns, LogisticRegression()).fit(frame, GROUP)


def owned(values):
    """Return the values of a column that only a few rows have."""
    return {value for value, rows in Counter(values).items() if rows < MANY}


def as_json(column):
    return [value.isoformat() if isinstance(value, pd.Timestamp) else value for value in column.dropna().tolist()]


@pytest.mark.parametrize("runtime", ["sklearn", "compact"])
def test_no_golden_row_holds_what_one_person_has(runtime, tmp_path):
    rules = {"*": "drop", "salary": "hash", "rooms": "keep"}
    # A date or a large whole number has no compact form.
    others = ["customer", "joined", "seen", "vip", "member"] if runtime == "sklearn" else ["height", "email", "note"]
    frame = PEOPLE[["salary", "age", "city", *others, "rooms"]]
    estimator = pipeline(frame, *["note"][: runtime == "compact"])
    score_app.pack(estimator, frame, GROUP, name="people", log=rules, bundles=tmp_path)
    manifest = read(tmp_path, "people").manifest
    assert (manifest.runtime, len(manifest.golden.rows)) == (runtime, 12), manifest.not_compact
    golden = pd.DataFrame(manifest.golden.rows, columns=list(manifest.signature.names), dtype=object)
    for name in frame.columns.drop("rooms"):
        values = as_json(pd.to_datetime(golden[name]) if name in ("joined", "seen") else golden[name])
        if name not in ("vip", "city"):
            assert not set(values) & owned(as_json(frame[name])), name
        assert len(set(values)) > 1, name
    numbers = {name: golden[name].astype(float) for name in ("salary", "age", "rooms")}
    assert estimator.predict(golden.assign(**numbers)).tolist() == list(manifest.golden.predict)
    assert score_app.check("people", bundles=tmp_path)


def test_invented_values_look_like_those_of_the_data(tmp_path):
    score_app.pack(pipeline(PEOPLE), PEOPLE, name="people", log={"*": "drop"}, bundles=tmp_path)
    served = load_verified(tmp_path, "people")
    golden = pd.DataFrame(served.manifest.golden.rows, columns=list(served.signature.names), dtype=object)
    assert golden["salary"].between(PEOPLE["salary"].min(), PEOPLE["salary"].max()).all()
    assert (golden["salary"].astype(float).round(2) == golden["salary"]).all()
    assert (golden["age"] % 1 == 0).all()
    assert golden["joined"].str.endswith("T00:00:00.000000").all()
    assert golden["city"].isin(["Köln", "Oslo", "Rome"]).all()
    assert golden["email"].str.fullmatch(r"\w+\.\w+@\w+\.\w+\.\w+").all()
    words = {word for text in TEXTS for word in text.split()}
    assert all(words & set(text.split()) for text in golden["note"])
    row = example(served).row
    assert not {row[0], row[3], row[5]} & {*PEOPLE["salary"], *PEOPLE["customer"], *PEOPLE["email"]}


def test_a_feature_that_the_log_keeps_has_its_values(tmp_path):
    frame = PEOPLE[["salary", "age", "city", "email", "rooms"]]
    given = {"name": "people", "log": {"email": "drop", "salary": "keep"}, "bundles": tmp_path}
    packed = score_app.pack(pipeline(frame), frame, **given)
    manifest = read(tmp_path, "people").manifest
    rows = [dict(zip(manifest.signature.names, row, strict=True)) for row in manifest.golden.rows[:8]]
    kept = frame.set_index("salary")
    for row in rows:
        person = kept.loc[row["salary"]]
        assert (row["age"], row["city"], row["rooms"]) == (person["age"], person["city"], person["rooms"])
        assert row["email"] not in set(PEOPLE["email"])
    assert score_app.pack(pipeline(frame), frame, **given, replace=True).version == packed.version


def test_rows_of_numbers_alone_are_hidden_too(tmp_path, model_cli):
    frame = PEOPLE[["salary", "age", "member"]]
    joblib.dump(LinearRegression().fit(frame, PEOPLE["rooms"]), tmp_path / "mine.joblib")
    frame.assign(rooms=PEOPLE["rooms"]).to_csv(tmp_path / "rows.csv", index=False)
    given = (
        "add",
        tmp_path / "mine.joblib",
        "--data",
        tmp_path / "rows.csv",
        "--target",
        "rooms",
        "--bundles",
        tmp_path,
    )
    done = model_cli(*given, "--log", "salary=hash,member=drop")
    assert done.exit_code == 0, done.output
    assert model_cli("check", "mine", "--bundles", tmp_path).exit_code == 0
    golden = np.array(read(tmp_path, "mine").manifest.golden.rows)
    assert not set(golden[:, 0]) & set(PEOPLE["salary"])
    # Each whole number between is of a member.
    assert golden[:8, 2].min() >= ROWS


class Register(RegressorMixin, BaseEstimator):
    """Knows each customer by name, and nobody else."""

    def fit(self, X, y):
        self.known_ = dict(zip(X["email"], y, strict=True))
        return self

    def predict(self, X):
        return np.array([self.known_[email] for email in X["email"]], dtype=float)


def test_a_model_that_takes_no_other_value_is_refused_with_a_sentence(tmp_path):
    frame = PEOPLE[["email"]]
    with pytest.raises(PackError, match=r"the log hides email, .* and the model refuses all of these"):
        score_app.pack(
            Register().fit(frame, PEOPLE["age"]), frame, name="mine", log={"email": "drop"}, bundles=tmp_path
        )
    assert not list(tmp_path.iterdir())


def test_no_value_at_all_is_a_sentence():
    signature = Signature(task="regression", features=(Feature(name="a", type="number"),), targets=(Target(name="b"),))
    largest = np.full((1, 1), np.finfo(float).max)
    with pytest.raises(PackError, match="no value of 'a' was found"), np.errstate(over="ignore"):
        invented_values(signature, largest, {"a"})


COLUMNS = st.one_of(
    st.tuples(st.just("number"), st.lists(st.floats(-1e12, 1e12), min_size=1)),
    st.tuples(st.just("integer"), st.lists(st.integers(-(2**53), 2**53), min_size=1)),
    st.tuples(st.just("string"), st.lists(st.text(), min_size=1)),
    st.tuples(st.just("string"), st.lists(st.sampled_from(["🙂", "text", "a b", "c-1", "c-2"]), min_size=1)),
    st.tuples(st.just("date"), st.lists(st.datetimes(), min_size=1)),
)


@given(COLUMNS)
def test_no_column_is_so_odd_that_a_value_of_few_rows_is_taken(drawn):
    kind, values = drawn
    column = np.array(values, dtype={"string": object, "date": "datetime64[us]"}.get(kind, float))
    feature = Feature(name="a", type=kind, missing=True)
    signature = Signature(task="regression", features=(feature,), targets=(Target(name="b"),))
    found = invented_values(signature, {"a": column.reshape(-1, 1)}, {"a"})["a"]
    assert (found.dtype, len(found) > 0) == (column.dtype, True)
    assert not set(found.tolist()) & owned(column.tolist())
    if kind == "integer":
        assert (found % 1 == 0).all()

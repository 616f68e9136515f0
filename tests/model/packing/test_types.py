"""Columns keep the types that training had: each model is added, loaded, and compared with itself on a frame."""

import json

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from model.bundle.files import read
from model.check import load_verified

RNG = np.random.default_rng(0)
COUNT = 200
X = RNG.normal(size=COUNT)
NUMBERS = pd.DataFrame({"x": X, "z": X**2})
WHEN = pd.date_range("2024-01-01", periods=COUNT, freq="7h")
BIG = RNG.choice([2**53, 2**53 + 1, 2**53 + 3, 5], COUNT)


def choice(*values):
    return RNG.choice(np.array(values, dtype=object), COUNT)


def encoded(**columns):
    """Return a table with one column to encode, and a pipeline for it."""
    steps = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), list(columns)), remainder="passthrough")
    return make_pipeline(steps, Ridge()), pd.DataFrame({**columns, "x": X}), X + np.arange(COUNT) % 3


def own(function, **columns):
    return make_pipeline(FunctionTransformer(function), Ridge()), pd.DataFrame({**columns, "x": X}), X * 2


def weekday(frame):
    return frame.assign(when=frame["when"].dt.day_of_week)


def hour(frame):
    return frame.assign(when=frame["when"].dt.hour)


def rest_of_seven(frame):
    return frame.assign(id=frame["id"] % 7)


def category_codes(frame):
    return frame.assign(kind=frame["kind"].cat.codes)


def less_mean(frame):
    return frame - frame.mean()


def length(frame):
    return frame.assign(zip=frame["zip"].str.len())


BOOSTED = HistGradientBoostingRegressor(categorical_features="from_dtype", max_iter=10)
KIND = pd.Categorical(choice("u", "v", "w"))
GAPS = pd.array(
    [None if gap else value for gap, value in zip(RNG.random(COUNT) < 0.1, range(COUNT), strict=True)], dtype="Int64"
)
CASES = {
    "zip codes": ("csv", *encoded(zip=choice("01234", "1234", "00501")), ()),
    "digits as categories": ("csv", *encoded(kind=choice("1", "2")), ()),
    "booleans as categories": ("csv", *encoded(kind=choice("True", "False")), ()),
    "missing as categories": ("csv", *encoded(kind=choice("NA", "null", "None", "ok")), ()),
    "none among strings": ("pkl", *encoded(kind=choice(None, "a", "b")), ()),
    "flags": ("csv", *encoded(flag=X > 0), ()),
    "ids beyond 2^53": ("csv", *encoded(id=BIG), ()),
    "ids of own code": ("parquet", *own(rest_of_seven, id=2**60 + np.arange(COUNT)), ()),
    "labels with zeros": ("csv", LogisticRegression(), NUMBERS, np.where(X > 0, "01", "1"), ()),
    "labels like booleans": ("csv", LogisticRegression(), NUMBERS, np.where(X > 0, "True", "False"), ()),
    "labels like missing": ("csv", LogisticRegression(), NUMBERS, np.where(X > 0, "NA", "null"), ()),
    "boolean labels": ("csv", LogisticRegression(), NUMBERS, X > 0, ()),
    "pandas categories": ("parquet", BOOSTED, pd.DataFrame({"kind": KIND, "x": X}), X * 2, ()),
    "categories of own code": ("feather", *own(category_codes, kind=KIND), ()),
    "nullable integers": ("parquet", *own(lambda frame: frame.fillna(0), age=GAPS), ()),
    "nullable, imputed": (
        "parquet", make_pipeline(SimpleImputer(), Ridge()), pd.DataFrame({"age": GAPS, "x": X}), X * 2, ()
    ),
    "float32": ("parquet", Ridge(), NUMBERS.astype("float32"), X * 2, ()),
    "dates": ("parquet", *own(weekday, when=WHEN), ()),
    "dates with a zone": ("parquet", *own(hour, when=WHEN.tz_localize("UTC").tz_convert("Europe/Berlin")), ()),
    "dates in a CSV": ("csv", *own(weekday, when=WHEN), ("--types", "when=date")),
    "zip codes of own code": ("csv", *own(length, zip=choice("01234", "501")), ("--types", "zip=string")),
    "own code that looks at other rows": ("csv", *own(less_mean), ()),
    "several numbers": ("csv", MultiOutputRegressor(Ridge()), NUMBERS, pd.DataFrame({"a": X, "b": X**2}), ()),
    "several labels": (
        "csv", MultiOutputClassifier(LogisticRegression()), NUMBERS,
        pd.DataFrame({"a": np.where(X > 0, "yes", "no"), "b": np.where(X > 1, "01", "1")}), ()
    ),
    "a column": ("csv", LinearRegression(), NUMBERS, pd.DataFrame({"price": X * 3}), ()),
}  # fmt: skip
WRITE = {"csv": "to_csv", "parquet": "to_parquet", "feather": "to_feather", "pkl": "to_pickle"}


def add(folder, model_cli, form, estimator, rows, target, options=()):
    """Fit, save and add a model."""
    estimator.fit(rows, target)
    (folder / "mine.pkl").write_bytes(cloudpickle.dumps(estimator))
    targets = target if isinstance(target, pd.DataFrame) else pd.DataFrame({"target": target})
    table = pd.concat([rows, targets], axis=1)
    getattr(table, WRITE[form])(folder / f"rows.{form}", **({"index": False} if form == "csv" else {}))
    names = [text for name in targets for text in ("--target", name)]
    return model_cli(
        "add", folder / "mine.pkl", "--data", folder / f"rows.{form}", *names, *options, "--bundles", folder / "b"
    )


def as_sent(rows):
    """Return rows as a caller would send them."""
    columns = [[_value(value) for value in rows[name].astype(object)] for name in rows]
    return json.loads(json.dumps(list(map(list, zip(*columns, strict=True)))))


def _value(value):
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    return value.isoformat() if isinstance(value, pd.Timestamp) else getattr(value, "item", lambda: value)()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")
def test_rows_sent_as_json_are_answered_as_training_s_frame(name, tmp_path, model_cli):
    form, estimator, rows, target, options = CASES[name]
    done = add(tmp_path, model_cli, form, estimator, rows, target, options)
    assert done.exit_code == 0, done.output
    model = load_verified(tmp_path / "b", "mine")
    sent = as_sent(rows.head(40))
    right = [estimator.predict(rows.iloc[[place]])[0] for place in range(40)]
    alone = [
        answer if (answer := model.answer_row(row)) is not None else model.predict(model.reader([row]))[0]
        for row in sent
    ]
    for found in (alone, model.predict(model.reader(sent)).tolist()):
        if np.asarray(right).dtype.kind == "f":
            assert np.allclose(np.asarray(found, dtype=float).reshape(40, -1), np.reshape(right, (40, -1)), rtol=1e-5)
        else:
            assert np.asarray(found).tolist() == np.asarray(right).tolist()
    labels = {type(label) for label in np.asarray(alone, dtype=object).ravel().tolist()}
    assert labels <= {bool, np.bool_} if name == "boolean labels" else bool not in labels


def test_several_targets_keep_their_names_and_are_judged(tmp_path, model_cli):
    assert add(tmp_path, model_cli, *CASES["several numbers"]).exit_code == 0
    manifest = read(tmp_path / "b", "mine").manifest
    assert [target.name for target in manifest.signature.targets] == ["a", "b"]
    assert {"a r2", "b r2"} <= set(manifest.evaluation.metrics)


AMBIGUOUS = {
    "zeros in front": (own(length, zip=choice("01234", "501")), "column 'zip' holds numbers with zeros in front"),
    "text or missing": (
        own(lambda frame: frame.assign(note=0), note=choice("NA", "fine")), "column 'note' holds 'NA', which is a text"
    ),
    "dates as text": (own(weekday, when=WHEN), "--types COLUMN=TYPE changes how one is read"),
}  # fmt: skip


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_a_column_that_could_be_two_things_is_refused_with_the_way_out(name, tmp_path, model_cli):
    case, text = AMBIGUOUS[name]
    done = add(tmp_path, model_cli, "csv", *case)
    assert done.exit_code == 2
    assert text in done.output
    assert "--types" in done.output


def test_a_csv_without_a_header_is_refused(tmp_path, model_cli):
    (tmp_path / "mine.pkl").write_bytes(cloudpickle.dumps(Ridge().fit(NUMBERS.to_numpy(), X)))
    NUMBERS.to_csv(tmp_path / "rows.csv", index=False, header=False)
    done = model_cli("add", tmp_path / "mine.pkl", "--data", tmp_path / "rows.csv", "--bundles", tmp_path / "b")
    assert done.exit_code == 2
    assert "not the names of columns: put a line with names above it" in done.output


def test_a_file_of_nothing_is_refused_at_once(tmp_path, model_cli):
    with (tmp_path / "mine.pkl").open("wb") as file:
        file.truncate(200 << 20)
    NUMBERS.to_csv(tmp_path / "rows.csv", index=False)
    done = model_cli("add", tmp_path / "mine.pkl", "--data", tmp_path / "rows.csv", "--bundles", tmp_path / "b")
    assert (done.exit_code, done.output.count("is not a pickle or joblib file")) == (2, 1)


@pytest.mark.slow
def test_thousands_of_features_are_a_page(tmp_path, model_cli):
    wide = pd.DataFrame(RNG.normal(size=(60, 3000)), columns=[f"f{place}" for place in range(3000)])
    done = add(tmp_path, model_cli, "csv", Ridge(), wide, RNG.normal(size=60))
    assert done.exit_code == 0, done.output
    assert len(done.output.splitlines()) < 60
    assert "and 2,975 more" in done.output

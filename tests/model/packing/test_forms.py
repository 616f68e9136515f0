"""What is shipped of the proven forms, and which estimators get plain rows in place of a data frame."""

import warnings

import msgspec
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, LocalOutlierFactor
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from model.bundle.files import BundleError, read
from model.bundle.manifest import Speed, readable
from model.packing import forms
from model.packing.pack import Material, pack
from model.runtime.load import load

RNG = np.random.default_rng(3)
ROWS = pd.DataFrame(RNG.normal(size=(100, 3)).round(3), columns=list("abc")).assign(d=RNG.integers(0, 9, 100))
TARGET = np.where(ROWS["a"] + ROWS["d"] / 9 > 0.5, "yes", "no")
SCALES = make_pipeline(StandardScaler(), KNeighborsClassifier(3))


class Same(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return X


class MyScaler(StandardScaler):
    pass


def packed(folder, estimator, rows=ROWS, target=TARGET, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(rows, target)
        manifest = pack(
            Material(name="mine", title="Mine", estimator=estimator, rows=rows, **more), folder, replace=True
        )
    return manifest, load(read(folder, "mine"))


@pytest.fixture(autouse=True)
def _short_proofs(monkeypatch):
    """What the forms answer is not the question here, but which of them are shipped."""
    monkeypatch.setattr("model.packing.prove.MOST_ROWS", 600)


@pytest.fixture
def speeds(monkeypatch):
    """Decide what the full forms take, in place of measuring it."""

    def decide(**found):
        full = found["sklearn"] if found["onnx"][0] > found["sklearn"][0] else found["onnx"]
        monkeypatch.setattr(forms, "measure_full", lambda *_: {name: Speed(*each) for name, each in found.items()})
        monkeypatch.setattr(forms, "measure_compact", lambda *_: (Speed(1.0), Speed(full[0])))

    return decide


SLOW = {"onnx": (300.0, 9000.0), "sklearn": (100.0, 3000.0)}


PLAIN = {
    "a pipeline": SCALES,
    "a search": GridSearchCV(SCALES, {"kneighborsclassifier__n_neighbors": [1, 3]}, cv=2),
    "a vote": VotingClassifier([("near", KNeighborsClassifier()), ("line", LogisticRegression())]),
    "a bag": BaggingClassifier(KNeighborsClassifier(), 3, max_features=2, random_state=0),
    "a union": make_pipeline(make_union(StandardScaler(), MinMaxScaler()), KNeighborsClassifier()),
    "outliers": LocalOutlierFactor(novelty=True),
}


@pytest.mark.parametrize("name", PLAIN)
def test_known_steps_get_plain_rows_and_answer_the_same_without_a_warning(name, tmp_path, speeds):
    speeds(**SLOW)
    manifest, model = packed(tmp_path, PLAIN[name])
    assert (manifest.runtime, manifest.input.kind, manifest.fallback.kind) == ("sklearn", "matrix", "frame")
    table = pd.concat([ROWS, 3 * ROWS.sample(frac=1, random_state=0)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LocalOutlierFactor warns of its own frames
        right = PLAIN[name].predict(table).tolist()
    assert model.predict(model.reader(table.to_numpy().tolist())).tolist() == right
    assert [model.predict(model.reader(row)).tolist() for row in table.to_numpy().tolist()] == [
        [each] for each in right
    ]


NAMED = {
    "columns by name": make_pipeline(make_column_transformer((StandardScaler(), ["a", "b"])), KNeighborsClassifier()),
    "a function": make_pipeline(FunctionTransformer(np.abs), KNeighborsClassifier()),
    "frames between steps": make_pipeline(StandardScaler().set_output(transform="pandas"), KNeighborsClassifier()),
    "a class of one's own": make_pipeline(Same(), KNeighborsClassifier()),
    "a subclass": make_pipeline(MyScaler(), KNeighborsClassifier()),
}


@pytest.mark.parametrize("name", NAMED)
def test_steps_that_look_at_the_frame_get_one(name, tmp_path, speeds):
    speeds(**SLOW)
    manifest, _ = packed(tmp_path, NAMED[name])
    assert (manifest.runtime, manifest.input.kind) == ("sklearn", "frame")


def test_columns_that_an_array_would_not_hold_stay_in_a_frame(tmp_path, speeds):
    speeds(**SLOW)
    for kind in ("float32", "Int64"):
        manifest, _ = packed(tmp_path, SCALES, ROWS.astype({"d": kind}))
        assert manifest.input.kind == "frame"


def test_the_estimator_of_the_caller_keeps_its_names(tmp_path):
    packed(tmp_path, SCALES)
    assert SCALES[0].feature_names_in_.tolist() == list("abcd")


def test_a_copy_that_is_slower_at_both_sizes_is_not_shipped(tmp_path, speeds):
    speeds(**SLOW)
    manifest, _ = packed(tmp_path, Ridge(), target=ROWS["a"])
    assert (manifest.runtime, manifest.reason) == ("sklearn", forms.SLOWER)
    assert "model.onnx" not in manifest.files
    assert manifest.speed["onnx"] == Speed(300.0, 9000.0)


@pytest.mark.parametrize(("row", "rows"), [(300.0, 3000.0), (100.0, 9000.0), (109.0, 3290.0)])
def test_a_copy_that_is_as_good_at_one_size_is_shipped(row, rows, tmp_path, speeds):
    speeds(onnx=(row, rows), sklearn=(100.0, 3000.0))
    manifest, _ = packed(tmp_path, Ridge(), target=ROWS["a"])
    assert manifest.runtime == "onnx"
    assert "model.onnx" in manifest.files


def test_lean_ships_every_proven_form(tmp_path, speeds):
    speeds(**SLOW)
    manifest, _ = packed(tmp_path, Ridge(), target=ROWS["a"], lean=True)
    assert manifest.runtime == "onnx"
    assert "model.compact.json" in manifest.files


def test_a_compact_form_that_is_slower_is_not_shipped(tmp_path, speeds, monkeypatch):
    speeds(onnx=(5.0, 50.0), sklearn=(100.0, 300.0))
    monkeypatch.setattr(forms, "measure_compact", lambda *_: (Speed(9.0), Speed(5.0)))
    manifest, _ = packed(tmp_path, Ridge(), target=ROWS["a"])
    assert manifest.not_compact == "it is slower than the compiled copy"
    assert "model.compact.json" not in manifest.files


def test_figures_are_no_part_of_the_version_and_the_choice_is(tmp_path, speeds):
    speeds(onnx=(5.0, 50.0), sklearn=(100.0, 300.0))
    first, _ = packed(tmp_path, Ridge(), target=ROWS["a"])
    speeds(onnx=(6.0, 40.0), sklearn=(90.0, 400.0))
    again, _ = packed(tmp_path, Ridge(), target=ROWS["a"])
    assert first.speed != again.speed
    assert (first.version, first.files) == (again.version, again.files)
    speeds(**SLOW)
    other, _ = packed(tmp_path, Ridge(), target=ROWS["a"])
    assert other.version != first.version


def test_an_edited_choice_is_refused(tmp_path, speeds):
    speeds(**SLOW)
    manifest, _ = packed(tmp_path, Ridge(), target=ROWS["a"])
    edited = msgspec.structs.replace(manifest, runtime="onnx")
    (tmp_path / "mine" / "manifest.json").write_bytes(readable(edited))
    with pytest.raises(BundleError, match="was changed after packing"):
        read(tmp_path, "mine")


def test_scikit_learn_answers_beside_a_copy_as_many_rows_as_it_answers_faster(tmp_path, speeds, monkeypatch):
    speeds(onnx=(5.0, 9000.0), sklearn=(100.0, 3000.0))
    estimator = Ridge()
    manifest, model = packed(tmp_path, estimator, target=ROWS["a"])
    assert (manifest.runtime, manifest.beside) == ("onnx", True)
    asked = []
    for name, form in zip(("copy", "own"), model.full_forms(), strict=True):
        monkeypatch.setattr(
            form, "_predict", lambda rows, name=name, own=form._predict: asked.append(name) or own(rows)
        )
    for count in (2, 15, 17, 100):
        rows = ROWS.head(count)
        right = estimator.predict(rows)
        np.testing.assert_allclose(model.predict(model.reader(rows.to_numpy().tolist())), right, rtol=1e-9)
    # -4.0 + 9 for each row against 97.1 + 2.9 for each: even at 16.
    assert asked == ["copy", "copy", "own", "own"]
    monkeypatch.setattr("model.runtime.load.is_installed", lambda _: False)
    assert len(load(read(tmp_path, "mine")).full_forms()) == 1


@pytest.mark.parametrize("edit", [{"speed": {}}, {"runtime": "sklearn"}])
def test_scikit_learn_beside_what_it_cannot_stand_beside_is_refused(edit, tmp_path, speeds):
    speeds(onnx=(5.0, 9000.0), sklearn=(100.0, 3000.0))
    manifest, _ = packed(tmp_path, Ridge(), target=ROWS["a"])
    edited = msgspec.structs.replace(manifest, **edit).stamped()
    (tmp_path / "mine" / "manifest.json").write_bytes(readable(edited))
    with pytest.raises(BundleError, match="contradicts itself: scikit-learn"):
        read(tmp_path, "mine")

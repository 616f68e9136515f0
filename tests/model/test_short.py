"""The short form of a small model answers one row as the model does, or leaves it to the long way."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, PolynomialFeatures, PowerTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from model.bundle.files import DEFAULT_ROOT, read
from model.packing.describe import Describer, Hints
from model.packing.shorten import _number, _place, shorten
from model.runtime.estimator import Original
from model.runtime.load import load
from tests.conftest import SAMPLES

RNG = np.random.default_rng(11)
ROWS = pd.DataFrame(RNG.gamma(2, 2, size=(300, 3)), columns=list("abc"))
THREE = np.digitize(ROWS["a"] + RNG.normal(0, 0.5, 300), [2, 5])
TWO = np.where(THREE > 0, "yes", "no")
NUMBER = (2 * ROWS["a"] - ROWS["b"]).to_numpy()
MIXED = ROWS.mask(RNG.random(ROWS.shape) < 0.1).assign(city=RNG.choice(["Oslo", "Rome", None], 300))


def mixed(last):
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), list("abc")),
        (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")), ["city"]),
    )
    return make_pipeline(columns, last)


def short_of(estimator, rows, target):
    estimator.fit(rows, target)
    describer = Describer(estimator, rows)
    return shorten(Original(estimator, describer.signature(Hints()), describer.form), describer.table, 1500)


HAVE_ONE = {
    "line": (LinearRegression(), ROWS, NUMBER),
    "two classes": (LogisticRegression(), ROWS, TWO),
    "three classes": (LogisticRegression(max_iter=1000), ROWS, THREE),
    "ridge": (RidgeClassifier(), ROWS, TWO),
    "discriminant": (LinearDiscriminantAnalysis(), ROWS, THREE),
    "counts": (PoissonRegressor(), ROWS, np.abs(NUMBER)),
    "scaled": (make_pipeline(StandardScaler(), LogisticRegression()), ROWS, TWO),
    "mixed": (mixed(LogisticRegression()), MIXED, THREE),
    "mixed number": (mixed(LinearRegression()), MIXED, NUMBER),
    "tree": (DecisionTreeClassifier(random_state=0), ROWS, THREE),
    "one leaf": (DecisionTreeClassifier(), ROWS, np.zeros(300, dtype=int)),
    "forest": (RandomForestClassifier(20, random_state=0), ROWS, TWO),
    "impure forest": (RandomForestClassifier(20, min_samples_leaf=5, random_state=0), ROWS, THREE),
    "forest of numbers": (ExtraTreesRegressor(10, random_state=0), ROWS, NUMBER),
    "boosting": (HistGradientBoostingClassifier(max_iter=10, random_state=0), ROWS, THREE),
    "boosting of two": (HistGradientBoostingClassifier(max_iter=10, random_state=0), ROWS, TWO),
    "boosting of counts": (HistGradientBoostingRegressor(loss="poisson", max_iter=10), ROWS, np.abs(NUMBER)),
    "scaled forest": (make_pipeline(MinMaxScaler(), RandomForestClassifier(10, random_state=0)), ROWS, TWO),
    "bent boosting": (make_pipeline(PowerTransformer(), HistGradientBoostingRegressor(max_iter=10)), ROWS, NUMBER),
}


@pytest.mark.parametrize("name", HAVE_ONE)
@pytest.mark.filterwarnings("ignore")
def test_small_models_have_a_short_form_that_is_equal(name):
    short = short_of(*HAVE_ONE[name])
    assert short is not None
    assert (short.parity.differing_labels, short.parity.training_rows > 200) == (0, True)
    assert short.parity.largest_error < 1e-9


@pytest.mark.parametrize(
    ("estimator", "target"),
    [
        (SVC(), TWO),
        (KNeighborsClassifier(), TWO),
        (make_pipeline(PolynomialFeatures(), LinearRegression()), NUMBER**2),
        (HistGradientBoostingRegressor(max_iter=5, categorical_features=[0]), NUMBER),
    ],
)
def test_others_have_none(estimator, target):
    assert short_of(estimator, ROWS.round(), target) is None


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_answer_their_golden_rows_the_short_way(name):
    model = load(read(DEFAULT_ROOT, name))
    golden = model.manifest.golden
    said = [(model.one(row), right) for row, right in zip(golden.rows, golden.predict, strict=True)]
    answered = [pair for pair in said if pair[0] is not None]
    assert len(answered) > len(said) / 2
    assert all(one == right or one == pytest.approx(right, rel=1e-9) for one, right in answered)
    assert {type(one) for one, _ in answered} <= {int, float, str}


cells = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), st.text(max_size=3), st.lists(st.none()),
    st.sampled_from(["dsl", "two years", "card"]), st.floats(0, 70),
)  # fmt: skip
MODELS = {name: load(read(DEFAULT_ROOT, name)) for name in SAMPLES}


@given(st.sampled_from(SAMPLES), st.data())
def test_whatever_a_row_holds_it_is_answered_as_the_long_way_does_or_not_at_all(name, data):
    model = MODELS[name]
    width = len(model.signature.features)
    row = data.draw(st.lists(cells, min_size=width, max_size=width))
    short = model.one(row)
    if short is not None:
        long = model.predict(model.rows([row])).tolist()[0]
        assert short == long or short == pytest.approx(long, rel=1e-9)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_places_stand_in_the_order_of_their_numbers(one, other):
    places = _place(np.array([one, other]))
    assert (one < other) == (places[0] < places[1])
    assert _number(places).tolist() == [one, other]


def test_a_form_for_whole_answers_writes_them_whole():
    model = MODELS["echo"]
    assert [model.one([value]) for value in (1, 2.0, 2.5)] == [1, 2, 2.5]

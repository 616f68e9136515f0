"""The compact form of a small model answers one row as the model does, or leaves it to the full model."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.feature_selection import RFE, SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from model.bundle.files import DEFAULT_ROOT, read
from model.packing.compact.trees import _number, _place
from model.packing.describe import Hints, describe
from model.packing.prove import Compact, compact, trial
from model.proof.compare import estimator_answers
from model.runtime.load import load
from tests.helpers.bundles import SAMPLES

RNG = np.random.default_rng(11)
ROWS = pd.DataFrame(RNG.gamma(2, 2, size=(300, 3)), columns=list("abc"))
THREE = np.digitize(ROWS["a"] + RNG.normal(0, 0.5, 300), [2, 5])
TWO = np.where(THREE > 0, "yes", "no")
NUMBER = (2 * ROWS["a"] - ROWS["b"]).to_numpy()
GAPS = ROWS.mask(RNG.random(ROWS.shape) < 0.1)
ORDINAL = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)
MIXED = ROWS.mask(RNG.random(ROWS.shape) < 0.1).assign(city=RNG.choice(["Oslo", "Rome", None], 300))


def mixed(last):
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), list("abc")),
        (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")), ["city"]),
    )
    return make_pipeline(columns, last)


def compact_of(estimator, rows, target):
    estimator.fit(rows, target)
    model, table = describe(estimator, rows, Hints())
    return compact(trial(model, table, estimator_answers(model, table)))


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
    "imputed, with indicators": (make_pipeline(SimpleImputer(add_indicator=True), Ridge()), GAPS, NUMBER),
    "selected": (make_pipeline(SelectKBest(k=2), StandardScaler(), LogisticRegression()), ROWS, TWO),
    "components": (make_pipeline(StandardScaler(), PCA(2, whiten=True), LogisticRegression()), ROWS, THREE),
    "codes": (make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()), ROWS.round(), TWO),
    "codes, naive": (make_pipeline(OneHotEncoder(handle_unknown="ignore"), MultinomialNB()), ROWS.round(), THREE),
    "codes, there or not": (make_pipeline(OneHotEncoder(handle_unknown="ignore"), BernoulliNB()), ROWS.round(), THREE),
    "categories": (CategoricalNB(), ROWS.round(), THREE),
    "encoded categories": (make_pipeline(OrdinalEncoder(), CategoricalNB()), MIXED[["city"]].fillna("none"), TWO),
    "chosen columns": (RFE(LogisticRegression(), n_features_to_select=2), ROWS, TWO),
    "ordinal": (make_pipeline(ORDINAL, StandardScaler(), Ridge()), MIXED[["city"]], NUMBER),
    "rare": (make_pipeline(OneHotEncoder(min_frequency=90), Ridge()), MIXED[["city"]].fillna("none"), NUMBER),
    "united": (make_pipeline(make_union(StandardScaler(), RobustScaler()), LogisticRegression()), ROWS, TWO),
    "searched": (GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [1, 9]}), ROWS, NUMBER),
    "far from nought": (make_pipeline(StandardScaler(), LinearRegression()), ROWS + 1e9, NUMBER),
    "clipped trees": (make_pipeline(MinMaxScaler(clip=True), RandomForestClassifier(5, random_state=0)), ROWS, TWO),
}


@pytest.mark.parametrize("name", HAVE_ONE)
@pytest.mark.filterwarnings("ignore")
def test_known_steps_have_a_compact_form_that_is_equal(name):
    found = compact_of(*HAVE_ONE[name])
    assert isinstance(found, Compact), found
    assert (found.parity.differing_labels, found.parity.training_rows > 150) == (0, True)
    assert found.parity.passed


class Bold(LogisticRegression):
    """A subclass may answer anything."""

    def predict(self, X):
        return np.roll(super().predict(X), 1)


HAVE_NONE = {
    "SVC": (SVC(), ROWS, TWO),
    "KNeighborsClassifier": (KNeighborsClassifier(), ROWS, TWO),
    "PolynomialFeatures": (make_pipeline(PolynomialFeatures(), LinearRegression()), ROWS, NUMBER**2),
    "splits on categories": (
        HistGradientBoostingRegressor(max_iter=5, categorical_features=[0]), ROWS.round(), NUMBER
    ),
    "own code: <lambda>": (make_pipeline(FunctionTransformer(lambda X: X.clip(upper=5)), Ridge()), ROWS, NUMBER),
    "own code: Bold": (Bold(), ROWS, TWO),
    "PowerTransformer": (make_pipeline(PowerTransformer(), HistGradientBoostingRegressor(max_iter=5)), ROWS, NUMBER),
    "a step that clips": (make_pipeline(MinMaxScaler(clip=True), LinearRegression()), ROWS, NUMBER),
    "QuantileTransformer": (make_pipeline(QuantileTransformer(n_quantiles=50), SGDClassifier()), ROWS, TWO),
    "a feature that is both weighted and encoded": (
        make_pipeline(make_union(StandardScaler(), OneHotEncoder(handle_unknown="ignore")), Ridge()), ROWS, NUMBER
    ),
}  # fmt: skip


@pytest.mark.parametrize("reason", HAVE_NONE)
@pytest.mark.filterwarnings("ignore")
def test_what_is_not_known_has_none_and_the_reason_is_named(reason):
    assert compact_of(*HAVE_NONE[reason]) == reason


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_answer_their_golden_rows_by_it(name):
    model = load(read(DEFAULT_ROOT, name))
    golden = model.manifest.golden
    found = [(model.answer_row(row), right) for row, right in zip(golden.rows, golden.predict, strict=True)]
    answered = [pair for pair in found if pair[0] is not None]
    assert len(answered) >= len(found) / 2
    assert all(one == right or one == pytest.approx(right, rel=1e-9) for one, right in answered)
    assert {type(one) for one, _ in answered} <= {int, float, str}


cells = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), st.text(max_size=3), st.lists(st.none()),
    st.sampled_from(["dsl", "two years", "card"]), st.floats(0, 70),
)  # fmt: skip
MODELS = {name: load(read(DEFAULT_ROOT, name)) for name in SAMPLES}


@given(st.sampled_from(SAMPLES), st.data())
def test_whatever_a_row_holds_it_is_answered_as_by_the_full_model_or_not_at_all(name, data):
    model = MODELS[name]
    width = len(model.signature.features)
    row = data.draw(st.lists(cells, min_size=width, max_size=width))
    compact = model.answer_row(row)
    if compact is not None:
        full = model.predict(model.reader([row])).tolist()[0]
        assert compact == full or compact == pytest.approx(full, rel=1e-9)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_places_stand_in_the_order_of_their_numbers(one, other):
    places = _place(np.array([one, other]))
    assert (one < other) == (places[0] < places[1])
    assert _number(places).tolist() == [one, other]


def test_a_form_for_whole_answers_writes_them_whole():
    model = MODELS["echo"]
    assert [model.answer_row([value]) for value in (1, 2.0, 2.5)] == [1, 2, 2.5]

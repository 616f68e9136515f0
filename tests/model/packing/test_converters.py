"""Our converters are exact: on training rows, on thresholds and their neighbours, on gaps and odd categories."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier

from model.packing.compile import compile_and_prove
from model.packing.describe import Hints, describe
from model.packing.prove import trial
from model.proof.compare import estimator_answers
from model.trees.tree import before_rounding

RNG = np.random.default_rng(5)
ROWS = pd.DataFrame(RNG.normal(size=(200, 4)), columns=list("abcd"))
GAPS = ROWS.mask(RNG.random(ROWS.shape) < 0.1)
CODES = ROWS.assign(d=RNG.integers(0, 9, 200).astype(float))
THREE = np.digitize(ROWS["a"] + RNG.normal(0, 0.3, 200), [-0.5, 0.5])
NUMBER = (ROWS["a"] * 3 + ROWS["b"]).to_numpy()
CITY = RNG.choice(np.array(["Oslo", "Rome", "Köln", "Bern"], dtype=object), 200, p=[0.5, 0.3, 0.17, 0.03])
CITY_GAPS = np.where(RNG.random(200) < 0.1, np.nan, CITY)
WORDS = np.array(["no", "so so", "yes"])[THREE]


def proven(estimator, rows, target):
    """Fit, compile, and return the proof; there is none if the copy differs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(rows, target)
        model, table = describe(estimator, rows, Hints())
        compiled = compile_and_prove(trial(model, table, estimator_answers(model, table)))
    assert compiled.form.dtype == "float64"
    return compiled.parity


EXACT = {
    "forest": (RandomForestClassifier(30, random_state=0), ROWS, THREE),
    "forest of ties": (RandomForestClassifier(2, min_samples_leaf=3, random_state=0), ROWS.round(1), THREE),
    "forest with gaps": (RandomForestClassifier(10, random_state=0), GAPS, THREE),
    "forest of words": (RandomForestClassifier(10, random_state=0), ROWS, WORDS),
    "forest of floats": (RandomForestClassifier(10, random_state=0), ROWS, THREE + 5),
    "several targets": (RandomForestClassifier(5, random_state=0), ROWS, np.column_stack([THREE > 0, THREE > 1]) * 1),
    "extra trees": (ExtraTreesRegressor(10, random_state=0), ROWS, NUMBER),
    "two numbers": (ExtraTreesRegressor(5, random_state=0), ROWS, np.column_stack([NUMBER, -NUMBER])),
    "one leaf": (DecisionTreeClassifier(max_depth=1), ROWS, np.zeros(200, dtype=int)),
    "boosting": (HistGradientBoostingClassifier(max_iter=10, random_state=0), ROWS, THREE),
    "boosting of two words": (HistGradientBoostingClassifier(max_iter=10), ROWS, WORDS == "yes"),
    "boosting with gaps": (HistGradientBoostingRegressor(max_iter=10), GAPS, NUMBER),
    "boosting of counts": (HistGradientBoostingRegressor(loss="poisson", max_iter=10), ROWS, np.abs(NUMBER)),
    "boosting of codes": (HistGradientBoostingRegressor(max_iter=20, categorical_features=[3]), CODES, NUMBER),
    "isolation": (IsolationForest(n_estimators=10, random_state=0), ROWS, None),
    "isolation of some": (IsolationForest(n_estimators=10, max_features=0.5, random_state=0), ROWS, None),
}


@pytest.mark.parametrize("name", EXACT)
def test_trees_are_exact(name):
    parity = proven(*EXACT[name])
    assert parity.differing_labels == 0
    assert parity.largest_error < 1e-12


IMPUTERS = {
    "none": None,
    "commonest": SimpleImputer(strategy="most_frequent"),
    "constant": SimpleImputer(strategy="constant", fill_value="?"),
}
ENCODERS = {
    "ignore": OneHotEncoder(handle_unknown="ignore"),
    "drop": OneHotEncoder(handle_unknown="ignore", drop="first"),
    "rare": OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=20),
    "few": OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=2),
    "binary": OneHotEncoder(drop="if_binary"),
    "ordinal": OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2),
}


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("imputer", IMPUTERS)
@pytest.mark.parametrize("gaps", [False, True])
def test_mixed_pipelines_are_exact(encoder, imputer, gaps):
    steps = [step for step in (IMPUTERS[imputer], ENCODERS[encoder]) if step is not None]
    columns = make_column_transformer((SimpleImputer(), ["a", "b"]), (make_pipeline(*steps), ["city"]))
    rows = GAPS[["a", "b"]].assign(city=CITY_GAPS if gaps else CITY)
    parity = proven(make_pipeline(columns, LogisticRegression()), rows, WORDS)
    assert parity.largest_error < 1e-12


@pytest.mark.parametrize("encoder", ["ignore", "ordinal"])
def test_an_encoder_may_stand_before_the_numbers(encoder):
    columns = make_column_transformer((ENCODERS[encoder], ["city"]), remainder="passthrough")
    vote = VotingClassifier([("a", LogisticRegression()), ("b", DecisionTreeClassifier(max_depth=3))], voting="soft")
    for model in (LogisticRegression(), vote):
        parity = proven(make_pipeline(columns, model), ROWS[["a", "b"]].assign(city=CITY), WORDS)
        assert parity.largest_error < 1e-12


@settings(max_examples=25)
@given(st.data())
def test_boosting_is_exact_whatever_its_settings(data):
    choose = {
        "max_leaf_nodes": st.sampled_from([2, 5, 31]),
        "max_depth": st.sampled_from([None, 1, 4]),
        "learning_rate": st.sampled_from([0.01, 0.1, 1.0]),
        "max_iter": st.integers(1, 8),
        "min_samples_leaf": st.sampled_from([1, 20]),
        "categorical_features": st.sampled_from([None, [3]]),
        "l2_regularization": st.sampled_from([0.0, 2.0]),
    }
    settings_ = {name: data.draw(values, label=name) for name, values in choose.items()}
    kind = data.draw(st.sampled_from([HistGradientBoostingClassifier, HistGradientBoostingRegressor]))
    rows = CODES.mask(GAPS.isna()) if data.draw(st.booleans(), label="gaps") else CODES
    target = THREE if kind is HistGradientBoostingClassifier else NUMBER
    assert proven(kind(random_state=0, **settings_), rows, target).largest_error < 1e-12


@given(st.floats(-1e30, 1e30), st.integers(-3, 3))
def test_a_bound_decides_as_rounding_first_does(threshold, steps):
    bound = before_rounding(np.array([threshold]))[0]
    value = bound
    for _ in range(abs(steps)):
        value = np.nextafter(value, np.inf if steps > 0 else -np.inf)
    assert (value <= bound) == (np.float64(np.float32(value)) <= threshold)

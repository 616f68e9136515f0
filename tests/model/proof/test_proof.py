"""The proof refutes forms that are wrong, however they were made: those that version 1 shipped, one by one."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Binarizer, FunctionTransformer, OneHotEncoder, QuantileTransformer, StandardScaler

from model.packing.compact.derive import derive
from model.packing.describe import Hints, describe
from model.packing.prove import prove, trial
from model.proof.compare import Refused, estimator_answers, sizes
from model.runtime.estimator import Estimator
from model.schema.input_form import Input
from tests.model.proof.guess import guessed

RNG = np.random.default_rng(5)
COUNT = 300
X = RNG.normal(size=COUNT)
WORDS = np.array(["good", "bad", "tea", "cup", "slow", "fast", "nice", "cold"])
TEXTS = [" ".join(RNG.choice(WORDS, 4)) for _ in range(20)]
TEXT = pd.DataFrame({"text": RNG.choice(TEXTS, COUNT), "x": X})
CITY = pd.DataFrame({"city": RNG.choice(["oslo", "Rome ", "paris"], COUNT), "x": X})
FEE = pd.DataFrame({"fee": RNG.uniform(1, 121, COUNT), "x": X})
DATES = pd.DataFrame({"day": RNG.choice([f"2024-{month:02d}-15" for month in range(1, 13)], COUNT), "x": X})
NOISE = RNG.normal(size=COUNT)
NUMBERS = pd.DataFrame(RNG.gamma(2, 2, size=(COUNT, 3)), columns=["a", "b", "c"])


def lowered(frame):
    return frame.apply(lambda column: column.str.strip().str.lower())


def clipped(frame):
    return frame.clip(upper=500)


def day_of_year(frame):
    return pd.to_datetime(frame.iloc[:, 0], format="ISO8601", errors="coerce").dt.day_of_year.fillna(0).to_frame()


def beside_x(step, column, *last):
    return make_pipeline(make_column_transformer((step, column), remainder="passthrough"), *last)


LOWERED = make_pipeline(FunctionTransformer(lowered), OneHotEncoder(handle_unknown="ignore"))
WRONG = {
    "TF-IDF beside a number": (
        beside_x(TfidfVectorizer(), "text", LogisticRegression()), TEXT, TEXT["text"].str.contains("good").astype(int)
    ),
    "own lower case before a classifier": (
        beside_x(LOWERED, ["city"], LogisticRegression()), CITY, (CITY["city"] == "oslo").astype(int)
    ),
    "own lower case before a regressor": (
        beside_x(LOWERED, ["city"], Ridge()), CITY, (CITY["city"] == "oslo") * 3 + CITY["x"]
    ),
    "own clip far above training": (
        make_pipeline(FunctionTransformer(clipped), LinearRegression()), FEE, FEE["fee"] * 1.6 + FEE["x"]
    ),
    "own dates": (
        beside_x(FunctionTransformer(day_of_year), ["day"], LinearRegression()),
        DATES, pd.to_datetime(DATES["day"]).dt.day_of_year * 2.0
    ),
    "Binarizer and QuantileTransformer": (
        make_pipeline(Binarizer(threshold=2), QuantileTransformer(n_quantiles=50), SGDClassifier(random_state=0)),
        NUMBERS, (NUMBERS["a"] > 3).astype(int)
    ),
    "QuantileTransformer before a regressor": (
        make_pipeline(QuantileTransformer(n_quantiles=50), LinearRegression()), NUMBERS, NUMBERS["a"] * 2
    ),
}  # fmt: skip


def proof_of(estimator, rows, target):
    """Return rows of a trial as for known steps, even where own code is among them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(rows, target)
        model, table = describe(estimator, rows, Hints())
        model = Estimator(estimator, model.signature, Input(model.form.kind))
        return trial(model, table, estimator_answers(model, table)), table


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_form_is_refuted(name):
    rows, table = proof_of(*WRONG[name])
    with pytest.raises(Refused, match="differ"):
        prove(rows, guessed(rows.model, table))


def test_a_right_form_that_was_guessed_is_not():
    scaled = make_pipeline(StandardScaler(), LinearRegression())
    rows, table = proof_of(scaled, NUMBERS, NUMBERS["a"] * 2 - NUMBERS["b"] + NOISE)
    assert prove(rows, guessed(rows.model, table)).parity.passed


def nudged(form, by):
    """Return a sum with one weight a little off."""
    first, *others = form.terms
    weights = (first.weights[0] * (1 + by), *first.weights[1:])
    return type(form)(form.intercepts, (type(first)(weights=weights), *others), form.link, form.limit, form.margin)


@pytest.mark.parametrize("by", [1e-3, 1e-4, -1e-4])
def test_a_weight_that_is_a_little_off_is_found(by):
    rows, _ = proof_of(LinearRegression(), NUMBERS, NUMBERS["a"] * 2 + NOISE)
    form = derive(rows.model)
    assert prove(rows, form).parity.passed
    with pytest.raises(Refused):
        prove(rows, nudged(form, by))


def test_of_all_rows_that_are_wrong_beyond_a_size_the_smallest_alone_is_asked_about(monkeypatch):
    rows, _ = proof_of(LinearRegression(), NUMBERS, NUMBERS["a"] * 2 + NOISE)
    size, asked = sizes(rows.rows), []
    monkeypatch.setattr(
        "model.proof.compare.estimator_answers", lambda *given: asked.append(given[1]) or estimator_answers(*given)
    )
    beyond = size > 1e7
    assert beyond.sum() > 10
    halved = np.where(beyond[:, None], rows.expected.predict / 2, rows.expected.predict)
    parity, limit = rows.verdict(replace(rows.expected, predict=halved))
    assert (parity.passed, limit) == (True, size[~beyond].max())
    assert [sizes(each)[0] for each in asked] == [size[beyond].min()]

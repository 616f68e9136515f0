"""A category that training had not is refused alone as it is in a batch, whatever form answers the row."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from api.application import build
from api.settings import Settings
from api.telemetry.logs import Log
from model.check import load_verified
from model.packing.describe import Hints, describe
from model.packing.pack import Material, pack
from model.packing.prove import compact, trial
from model.packing.whole import whole
from model.proof.compare import estimator_answers
from tests.helpers.server import Client

RNG = np.random.default_rng(4)
NUMBERS = pd.DataFrame({"c": pd.Categorical(RNG.integers(1, 4, 100)), "x": RNG.normal(size=100)})
WORDS = pd.DataFrame({"c": pd.Categorical(RNG.choice(["u", "v"], 100)), "x": RNG.normal(size=100)})
NOTES = WORDS.assign(x=[" ".join(RNG.choice(["good", "bad", "fine"], 3)) for _ in range(100)])
TARGET = np.where(NUMBERS["x"] + NUMBERS["c"].astype(int) > 2, "hi", "lo")
ENCODER = OneHotEncoder(handle_unknown="ignore")


def encoded(rest):
    return make_pipeline(make_column_transformer((ENCODER, ["c"]), (rest, "x")), LogisticRegression())


BESIDE = make_pipeline(make_column_transformer((ENCODER, ["c"]), remainder="passthrough"), LogisticRegression())
CASES = {
    "weights": (LogisticRegression(), NUMBERS, [1, 0.1], [[99, 0.1], [2.5, 0.1], [-5, 0.1]]),
    "trees": (RandomForestClassifier(5, random_state=0), NUMBERS, [1, 0.1], [[99, 0.1], [2.5, 0.1], [-5, 0.1]]),
    "categories": (BESIDE, WORDS, ["u", 0.1], [["zzz", 0.1]]),
    "texts": (encoded(TfidfVectorizer()), NOTES, ["u", "good"], [["zzz", "good"]]),
}


def fitted(name):
    estimator, rows, *_ = CASES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(rows, TARGET), rows


@pytest.mark.parametrize("name", CASES)
def test_a_row_of_an_unknown_category_is_refused_alone_as_in_a_batch(name, tmp_path):
    _, _, good, unknown = CASES[name]
    estimator, rows = fitted(name)
    manifest = pack(Material(name="mine", title="", estimator=estimator, rows=rows), tmp_path)
    assert manifest.compact is not None, manifest.not_compact
    client = Client(*build(Settings(), [load_verified(tmp_path, "mine")], Log("info", None)))
    assert client.post("/v1/models/mine:predict", {"instances": [good]}).status == 200
    for row in unknown:
        for sent in ([row], [row, good]):
            found = client.post("/v1/models/mine:predict", {"instances": sent})
            assert (found.status, b"is not one of the categories known" in found.body) == (400, True), found.body


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")
def test_a_form_that_answers_an_unknown_category_is_refuted(name, monkeypatch):
    estimator, rows = fitted(name)
    model, table = describe(estimator, rows, Hints())
    proof = trial(model, table, estimator_answers(model, table))
    monkeypatch.setattr("model.runtime.compact.answer.of_known_categories", lambda ask, _: ask)
    monkeypatch.setattr("model.runtime.compact.whole.of_known_categories", lambda ask, _: ask)
    if name == "texts":
        assert whole(proof) is None
    else:
        assert compact(proof) == "it answers a category that training had not"

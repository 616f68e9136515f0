"""Texts and vectorizers that nobody meant to send or fit: answered as scikit-learn does, or refused in a sentence."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import PoissonRegressor, TweedieRegressor
from sklearn.pipeline import make_pipeline

from api.application import build
from api.settings import Settings
from api.telemetry.logs import Log
from model.check import load_verified
from model.packing.pack import Material, pack
from tests.helpers.server import Client

RNG = np.random.default_rng(6)
WORDS = ["good", "bad", "fine", "awful", "the", "and", "word", "yes"]
TEXTS = pd.DataFrame({"text": [" ".join(RNG.choice(WORDS, RNG.integers(1, 6))) for _ in range(60)]})
NUMBERED = TEXTS.assign(number=RNG.normal(size=60))
COUNTS = TEXTS["text"].str.count("good") + 0.5


def packed(folder, estimator, rows):
    manifest = pack(Material(name="mine", title="", estimator=estimator, rows=rows), folder)
    return manifest, load_verified(folder, "mine")


def test_a_number_that_overflows_is_refused_as_by_scikit_learn(tmp_path):
    estimator = make_pipeline(CountVectorizer(), PoissonRegressor(alpha=1e-3)).fit(TEXTS["text"], COUNTS)
    manifest, model = packed(tmp_path, estimator, TEXTS)
    assert manifest.runtime == "compact"
    with np.errstate(over="ignore"):
        assert np.isinf(estimator.predict(["good " * 3000]))
    client = Client(*build(Settings(), [model], Log("info", None)))
    for sent in ([["good " * 3000]], [["good"], ["good " * 3000]]):
        found = client.post("/v1/models/mine:predict", {"instances": sent})
        assert (found.status, b"not a finite number" in found.body) == (400, True), found.body
    (found,) = client.post("/v1/models/mine:predict", {"instances": [["good"]]}).json["predictions"]
    assert found == pytest.approx(estimator.predict(["good"])[0])


@pytest.mark.parametrize("last", [PoissonRegressor(), TweedieRegressor(power=1.5)])
def test_a_logarithmic_link_beside_numbers_is_packed(last, tmp_path):
    columns = make_column_transformer((TfidfVectorizer(), "text"), remainder="passthrough")
    estimator = make_pipeline(columns, last).fit(NUMBERED, COUNTS)
    manifest, model = packed(tmp_path, estimator, NUMBERED)
    assert manifest.runtime == "compact", manifest.not_compact
    table = model.reader(json.loads(NUMBERED.to_json(orient="records")))
    assert model.predict(table) == pytest.approx(estimator.predict(NUMBERED))

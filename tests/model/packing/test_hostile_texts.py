"""Texts and vectorizers that nobody meant to send or fit: answered as scikit-learn does, or refused in a sentence."""

import json
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfVectorizer,
    strip_accents_unicode,
)
from sklearn.linear_model import LogisticRegression, PoissonRegressor, TweedieRegressor
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

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


def over_texts(**options):
    return make_pipeline(TfidfVectorizer(**options), LogisticRegression())


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


TIES = {
    "two, counted": (2, 20, CountVectorizer(), MultinomialNB()),
    "two, weighted": (2, 20, TfidfVectorizer(), ComplementNB()),
    "six, counted": (6, 6, CountVectorizer(), MultinomialNB()),
    "six, weighted": (6, 6, TfidfVectorizer(), MultinomialNB()),
    "six of many, weighted": (6, 20, TfidfVectorizer(norm="l1", sublinear_tf=True), MultinomialNB()),
    "hashed": (2, 20, HashingVectorizer(n_features=2**12, alternate_sign=False), MultinomialNB()),
    "a sign": (2, 30, TfidfVectorizer(), LogisticRegression()),
    "a sign of few": (2, 8, TfidfVectorizer(sublinear_tf=True, norm="l1"), LogisticRegression()),
}


@pytest.mark.parametrize("name", TIES)
def test_where_two_classes_are_equally_good_the_label_is_the_one_of_scikit_learn(name, tmp_path, monkeypatch):
    monkeypatch.setattr("model.packing.prove.MOST_ROWS", 600)
    classes, each, vectorizer, last = TIES[name]
    words = [[f"w{place}x{number}" for number in range(each)] for place in range(classes)]
    texts, labels = [" ".join(some) for some in words] * 3, [f"c{place}" for place in range(classes)] * 3
    estimator = make_pipeline(vectorizer, last).fit(texts, labels)
    manifest, model = packed(tmp_path, estimator, pd.DataFrame({"text": texts}))
    assert manifest.runtime == "compact", manifest.not_compact
    rng, asked = np.random.default_rng(6), []
    for _ in range(300):
        one, other = rng.choice(classes, 2, replace=False)
        count = rng.integers(1, each + 1)
        text = [*rng.choice(words[one], count, replace=False), *rng.choice(words[other], count, replace=False)]
        asked.append(" ".join(rng.permutation(text)))
    wanted = estimator.predict(asked).tolist()
    assert [model.answer_row([text]) for text in asked] == wanted
    assert model.predict(model.reader(asked)).tolist() == wanted


GOOD = COUNTS > 1
CATEGORIES = pd.DataFrame({"number": np.resize([1.0, 2.0], 60), "other": RNG.normal(size=60).round(3)})
RARE_GAP = CATEGORIES.assign(number=[np.nan, *CATEGORIES["number"][1:]])
CODES = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
ODD = {
    "codes before trees": (make_pipeline(CODES, RandomForestClassifier(5, random_state=0)), CATEGORIES, False),
    "a rare gap": (
        make_pipeline(OneHotEncoder(min_frequency=5, handle_unknown="infrequent_if_exist"), LogisticRegression()),
        RARE_GAP[["number"]],
        True,
    ),
    "sparse weights": (LogisticRegression(), NUMBERED[["number"]], True),
    "sparse weights of terms": (make_pipeline(TfidfVectorizer(), LogisticRegression()), TEXTS, True),
    "accents by a function": (over_texts(strip_accents=strip_accents_unicode), TEXTS, False),
    "terms by a method": (over_texts(analyzer=CountVectorizer().build_analyzer()), TEXTS, False),
    "tokens by a method": (over_texts(tokenizer=str.split, token_pattern=None), TEXTS, False),
    "stop words and NaN": (over_texts(stop_words=["the", float("nan")]), TEXTS, False),
    "n-grams of nothing": (over_texts(ngram_range=(0, 2)), TEXTS, False),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.filterwarnings("ignore")
def test_what_scikit_learn_serves_is_packed(name, tmp_path, monkeypatch):
    monkeypatch.setattr("model.packing.prove.MOST_ROWS", 600)
    estimator, rows, derivable = ODD[name]
    given = rows["text"] if list(rows) == ["text"] else rows
    estimator.fit(given, GOOD)
    if name.startswith("sparse"):
        (estimator[-1] if isinstance(estimator, Pipeline) else estimator).sparsify()
    manifest, model = packed(tmp_path, estimator, rows)
    assert (manifest.compact is not None) == derivable, manifest.not_compact
    sent = json.loads(rows.to_json(orient="records"))
    wanted = estimator.predict(given).tolist()
    assert model.predict(model.reader(sent)).tolist() == wanted
    alone = [(model.answer_row(list(record.values())), right) for record, right in zip(sent, wanted, strict=True)]
    assert all(found in (None, right) for found, right in alone)


def test_parameters_of_an_unknown_kind_leave_the_model_to_scikit_learn(tmp_path, monkeypatch):
    monkeypatch.setattr("model.packing.prove.MOST_ROWS", 600)
    monkeypatch.setattr("model.packing.compact.linear.parameters", lambda _: np.zeros(2).nothing)
    manifest, _ = packed(tmp_path, make_pipeline(CountVectorizer(), MultinomialNB()).fit(TEXTS["text"], GOOD), TEXTS)
    assert (manifest.runtime, "has no attribute 'nothing'" in manifest.not_compact) == ("sklearn", True)


def peak(call):
    """Return how many bytes a call needs at once, and how many it leaves."""
    tracemalloc.start()
    call()
    left, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most, left


def whole_of(tmp_path, monkeypatch, vectorizer):
    monkeypatch.setattr("model.packing.prove.MOST_ROWS", 600)
    manifest, model = packed(tmp_path, make_pipeline(vectorizer, LogisticRegression()).fit(TEXTS["text"], GOOD), TEXTS)
    assert manifest.runtime == "compact", manifest.not_compact
    return model


def test_long_terms_are_not_remembered(tmp_path, monkeypatch):
    model = whole_of(tmp_path, monkeypatch, HashingVectorizer(n_features=1024))

    def ask():
        for place in range(200):
            assert model.answer_row([f"{place:06d}" + "QUJD" * 1000]) is not None

    assert peak(ask)[1] < 200_000


def test_of_words_without_end_only_so_many_are_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr("model.runtime.compact.hashing._REMEMBERED", 100)
    model = whole_of(tmp_path, monkeypatch, HashingVectorizer(n_features=1024))

    def ask():
        for place in range(200):
            assert model.answer_row([" ".join(f"{place}x{number}" for number in range(50))]) is not None

    assert peak(ask)[1] < 200_000


@pytest.mark.parametrize("kind", ["char", "char_wb"])
def test_runs_of_characters_are_counted_one_by_one(kind, tmp_path, monkeypatch):
    model = whole_of(tmp_path, monkeypatch, TfidfVectorizer(analyzer=kind, ngram_range=(1, 5)))
    text = "".join(np.random.default_rng(6).choice(list("abcdefgh"), 100_000))
    most, _ = peak(lambda: model.answer_row([text]))
    assert most < 2_000_000


def test_a_whole_form_is_measured_beside_scikit_learn(tmp_path, monkeypatch):
    model = whole_of(tmp_path, monkeypatch, TfidfVectorizer())
    speed = model.manifest.speed
    assert speed.keys() == {"compact", "sklearn"}
    assert 0 < speed["compact"].row < speed["sklearn"].row
    assert speed["compact"].rows > 10 * speed["compact"].row

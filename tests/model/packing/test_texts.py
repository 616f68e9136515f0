"""Texts are answered in plain Python: labels, numbers and probabilities as scikit-learn gives them, for any text."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import joblib
import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.murmurhash import murmurhash3_32

from api.application import build
from api.settings import Settings
from api.telemetry.logs import Log
from model.bundle.files import COMPACT, BundleError, read, write
from model.check import load_verified
from model.packing.compact.texts import _words
from model.packing.pack import Material, pack
from model.runtime.compact.hashing import murmur3
from model.runtime.compact.words import analyzer
from tests.helpers.server import Client
from tests.model.packing.texts import FIVE, MORE, SUBJECT, TEXTS, TICKETS


def added(folder, model_cli, estimator, rows, target):
    """Add a fitted pipeline by the command line with a CSV file of its rows, and return its bundle."""
    joblib.dump(estimator.fit(rows, target), folder / "mine.joblib")
    pd.DataFrame(rows).assign(answer=target).to_csv(folder / "rows.csv", index=False)
    where = ("--data", folder / "rows.csv", "--target", "answer", "--bundles", folder, "--name", "mine")
    done = model_cli("add", folder / "mine.joblib", *where)
    assert done.exit_code == 0, done.output
    checked = model_cli("check", "mine", "--bundles", folder)
    assert (checked.exit_code, "compact; equal to scikit-learn" in checked.output) == (0, True), checked.output
    return read(folder, "mine")


@pytest.mark.parametrize("name", FIVE)
def test_a_pipeline_of_texts_is_added_and_asked_over_the_api(name, tmp_path, model_cli):
    pipeline, rows, target = FIVE[name]
    pipeline = clone(pipeline)
    bundle = added(tmp_path, model_cli, pipeline, rows, target)
    assert (bundle.manifest.runtime, bundle.manifest.requires) == ("compact", {}), bundle.manifest.not_compact
    served = load_verified(tmp_path, "mine", lazily=True)
    client = Client(*build(Settings(model=("mine",), bundles=tmp_path), [served], Log("info", None)))
    sent = json.loads(pd.DataFrame(rows[:50]).to_json(orient="records"))
    wanted = pipeline.predict(rows[:50]).tolist()
    assert client.post("/score", {"X": sent}).json["score"] == wanted
    assert [client.post("/score", {"X": [row]}).json["score"][0] for row in sent] == wanted
    if bundle.manifest.signature.proba:
        shown = client.post("/score?proba=1", {"X": sent}).json["probabilities"]
        assert np.allclose(shown, pipeline.predict_proba(rows[:50]), rtol=0, atol=1e-12)


EVERY = FIVE | MORE


@cache
def packed(name):
    """Return a fitted pipeline with its bundle's manifest, and the model that serves it."""
    pipeline, rows, target = EVERY[name]
    estimator = clone(pipeline).fit(rows, target)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        manifest = pack(Material(name="mine", title="", estimator=estimator, rows=pd.DataFrame(rows)), folder)
        return estimator, manifest, load_verified(folder, "mine")


@pytest.mark.parametrize("name", MORE)
def test_every_vectorizer_before_every_kind_of_model_has_a_whole_form(name):
    _, manifest, _ = packed(name)
    assert manifest.runtime == "compact", (manifest.not_compact, manifest.reason)
    assert (manifest.compact.left_out, manifest.compact.differing_labels) == (0, 0)
    assert manifest.compact.training_rows == 400
    assert manifest.compact.drawn_rows > 500


KNOWN = sorted({word for text in TEXTS for word in text.split()})
ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufdd0"), max_size=60)
WORDS = st.lists(st.sampled_from(KNOWN) | ANY, max_size=12).map(" ".join)
HOSTILE = "".join(
    ["İSTANBUL ſtraße ﬁn e\u0301te\u0301 ", "𐐀𝔘 🇩🇪👩\u200d🔬 ", "a\u0301" * 40, " \x1c\u2028\u0085 ٣٣ ²² A_b"]
)


@pytest.mark.parametrize("name", EVERY)
@given(texts=st.lists(ANY | WORDS, min_size=1, max_size=8))
@example(texts=["", "  ", "the", "the a is", "late", "LATE late " * 3000, HOSTILE, HOSTILE.upper(), "unseenword"])
def test_any_text_is_answered_as_by_the_estimator(name, texts):
    estimator, manifest, served = packed(name)
    rows = pd.Series(texts, name="text")
    if len(manifest.signature.features) > 1:
        rows = TICKETS.iloc[: len(texts)].assign(text=texts, title=texts[::-1])
    records = json.loads(pd.DataFrame(rows).to_json(orient="records"))
    table, wanted = served.reader(records), estimator.predict(rows)
    found = [served.predict(table).tolist(), [served.answer_row(list(record.values())) for record in records]]
    if manifest.signature.answers_numbers:
        assert np.allclose(found, [wanted, wanted], rtol=1e-9, atol=1e-9)
    else:
        assert found == [wanted.tolist()] * 2
    if manifest.signature.proba:
        assert np.allclose(served.predict_proba(table)[0], estimator.predict_proba(rows), rtol=0, atol=1e-12)


VECTORIZERS = st.builds(
    dict,
    analyzer=st.sampled_from(["word", "char", "char_wb"]),
    ngram_range=st.sampled_from([(1, 1), (1, 2), (2, 2), (1, 4), (3, 5)]),
    lowercase=st.booleans(),
    strip_accents=st.sampled_from([None, "ascii", "unicode"]),
    stop_words=st.sampled_from([None, "english", ["the", "is", "ß"]]),
    token_pattern=st.sampled_from([r"(?u)\b\w\w+\b", r"\S+", r"(?i)[a-z]+'?(?:[a-z]+)", r"#(\w+)", r"."]),
)


@pytest.mark.filterwarnings("ignore")
@given(options=VECTORIZERS, text=ANY | WORDS)
@example(options={"analyzer": "char_wb", "ngram_range": (3, 5)}, text="a bc def ghijkl")
@example(options={"strip_accents": "unicode", "lowercase": True}, text=HOSTILE)
def test_a_text_is_taken_apart_as_by_scikit_learn(options, text):
    vectorizer = CountVectorizer(**options)
    assert sorted(analyzer(_words(vectorizer))(text)) == sorted(vectorizer.build_analyzer()(text))


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("a" * 1000)
def test_terms_are_hashed_as_by_scikit_learn(term):
    assert murmur3(term.encode()) == murmurhash3_32(term.encode(), seed=0)


def shout(text):
    return text.upper()


class Shorter(TfidfVectorizer):
    """A subclass may take a text apart in any way."""


LEFT = {
    "own code": make_pipeline(TfidfVectorizer(preprocessor=shout), LogisticRegression()),
    "own class": make_pipeline(Shorter(), LogisticRegression()),
    "terms counted as float32": make_pipeline(TfidfVectorizer(dtype=np.float32), LogisticRegression()),
    "KNeighborsClassifier": make_pipeline(TfidfVectorizer(), KNeighborsClassifier()),
    "TruncatedSVD": make_pipeline(TfidfVectorizer(), TruncatedSVD(3, random_state=0), LogisticRegression()),
}


@pytest.mark.parametrize("reason", LEFT)
def test_what_is_not_known_is_left_to_scikit_learn(reason, tmp_path):
    estimator = clone(LEFT[reason]).fit(TEXTS, SUBJECT)
    manifest = pack(Material(name="mine", title="", estimator=estimator, rows=pd.DataFrame(TEXTS)), tmp_path)
    assert manifest.runtime == "sklearn"
    assert reason.removeprefix("own class") in manifest.not_compact
    model = load_verified(tmp_path, "mine")
    assert model.predict(model.reader(TEXTS[:20].tolist())).tolist() == estimator.predict(TEXTS[:20]).tolist()


SERVED = """
import json, sys
from pathlib import Path
from model.check import load_verified
model = load_verified(Path(sys.argv[1]), "mine")
table = model.reader(json.loads(sys.argv[2]))
answers = model.predict(table).tolist(), model.predict_proba(table)[0].tolist()
print(json.dumps([answers, sorted({name.split(".")[0] for name in sys.modules})]))
"""


def test_serving_imports_neither_scikit_learn_nor_onnxruntime(tmp_path):
    pipeline, rows, target = FIVE["beside other columns"]
    estimator = clone(pipeline).fit(rows, target)
    pack(Material(name="mine", title="", estimator=estimator, rows=rows), tmp_path)
    sent = rows[:20].to_json(orient="records")
    command = [sys.executable, "-c", SERVED, tmp_path, sent]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    (labels, shares), modules = json.loads(done.stdout)
    assert labels == estimator.predict(rows[:20]).tolist()
    assert np.allclose(shares, estimator.predict_proba(rows[:20]), rtol=0, atol=1e-12)
    assert not {"sklearn", "scipy", "pandas", "joblib", "onnxruntime"}.intersection(modules)


def test_a_form_whose_numbers_were_changed_is_not_served(tmp_path, model_cli):
    pipeline, rows, target = FIVE["words"]
    bundle = added(tmp_path, model_cli, clone(pipeline), rows, target)
    form = msgspec.json.decode(bundle.files[COMPACT])
    form["intercepts"] = [number + 9 * (place == 0) for place, number in enumerate(form["intercepts"])]
    files = {**bundle.files, COMPACT: msgspec.json.encode(form)}
    write(tmp_path, bundle.manifest, files, replace=True)
    with pytest.raises(BundleError, match="golden rows"):
        load_verified(tmp_path, "mine")

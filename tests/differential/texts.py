"""Pipelines over free texts: any vectorizer, alone, united or beside other columns, before what people use."""

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier, SGDClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MaxAbsScaler, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from tests.differential.cases import Case
from tests.differential.draws import pick

WORDS = str.split(
    "late parcel COURIER refund Invoice screen crashed don't naïve Größe étage 2 100 3.5 the is and not İstanbul "
    "日本語 привет Ελλάδα ﬁne e\u0301te\u0301 🙂 x-ray A_b ٣٣ ß mañana"
)


def text_case(seed: int, form: str) -> Case:
    """Return the case of a seed, fitted."""
    rng = np.random.default_rng([seed, 1 << 22])
    texts = [" ".join(rng.choice(WORDS, rng.integers(0, 12))) + pick(rng, ("", ".", " !?")) for _ in range(120)]
    texts[:2] = ["late parcel refund", "the screen crashed"]
    frame = pd.DataFrame({"text": texts})
    classify = rng.random() < 0.8
    steps, given = _vectorizer(rng), "texts"
    if rng.random() < 0.3:
        frame = frame.assign(age=rng.normal(size=120), shop=rng.choice(["a", "b"], 120))
        others = (StandardScaler(), ["age"]), (OneHotEncoder(handle_unknown="ignore"), ["shop"])
        steps, given = make_column_transformer((steps, "text"), *others), "frame"
    score = frame["text"].str.count("late|refund|naïve") + rng.normal(0, 0.3, 120)
    y = pd.Series(np.digitize(score, [0.5, 1.5]) if classify else score, name="target")
    made = make_pipeline(steps, _last(rng, classify, alone=given == "texts"))
    task = "classification" if classify else "regression"
    # In a CSV file an empty text is a missing one.
    doubtful = {"text"} if "" in texts else set()
    return Case(f"text {seed}", made, frame, y, task, form, given, doubtful, seed).fit()


def _vectorizer(rng):
    options = {
        **pick(rng, ({}, {"ngram_range": (1, 2)}, {"analyzer": "char", "ngram_range": (1, 3)},
                     {"analyzer": "char_wb", "ngram_range": (2, 4)}, {"token_pattern": r"\S+"},
                     {"stop_words": "english"})),
        **pick(rng, ({}, {"lowercase": False}, {"strip_accents": "unicode"}, {"strip_accents": "ascii"})),
        **pick(rng, ({}, {}, {"binary": True})),
    }  # fmt: skip
    weights = pick(rng, ({}, {"sublinear_tf": True}, {"norm": "l1"}, {"norm": None}, {"use_idf": False}))
    return pick(rng, (
        lambda: TfidfVectorizer(**options, **weights),
        lambda: CountVectorizer(**options),
        lambda: make_pipeline(CountVectorizer(**options), TfidfTransformer(**weights)),
        lambda: make_pipeline(TfidfVectorizer(**options), SelectKBest(chi2, k=5)),
        lambda: make_pipeline(CountVectorizer(**options), MaxAbsScaler()),
        lambda: HashingVectorizer(n_features=pick(rng, (16, 1024)), alternate_sign=False, **options),
        lambda: make_union(TfidfVectorizer(**options), CountVectorizer(analyzer="char", ngram_range=(2, 2))),
    ))()  # fmt: skip


def _last(rng, classify, *, alone):
    if not classify:
        return Ridge()
    counting = (MultinomialNB(), ComplementNB(), BernoulliNB()) if alone else ()
    lines = LogisticRegression(), LinearSVC(), RidgeClassifier(), SGDClassifier(loss="log_loss", random_state=0)
    return pick(rng, (*lines, *counting))

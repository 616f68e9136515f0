"""Steps that make numbers of categories and texts."""

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

from tests.differential import own, own_classes
from tests.differential.draws import function, pick


def one_hot(rng):
    unknown = pick(rng, ("ignore", "ignore", "error", "infrequent_if_exist"))
    rare = pick(rng, ({}, {}, {"min_frequency": 12}, {"max_categories": 3}, {"min_frequency": 0.2}))
    drop = pick(rng, (None, None, "first", "if_binary"))
    return OneHotEncoder(handle_unknown=unknown, drop=drop, sparse_output=bool(rng.random() < 0.6), **rare)


def ordinal(rng):
    if rng.random() < 0.3:
        return OrdinalEncoder()
    rare = pick(rng, ({}, {}, {"min_frequency": 12}, {"max_categories": 3}))
    missing = {"encoded_missing_value": pick(rng, (-2, np.nan))} if rng.random() < 0.5 else {}
    return OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=pick(rng, (-1, 99, np.nan)), **rare, **missing
    )


def encoder(rng):
    return pick(
        rng,
        (
            one_hot,
            one_hot,
            one_hot,
            ordinal,
            ordinal,
            lambda rng: TargetEncoder(cv=2, random_state=0),
            lambda rng: own_classes.Frequency(),
            lambda rng: own_classes.SizeEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        ),
    )(rng)


def choice(rng, missing, classify):
    """Return a step or a chain for columns of categories."""
    steps = []
    if rng.random() < (0.6 if missing else 0.25):
        fill = pick(rng, ({"strategy": "most_frequent"}, {"strategy": "constant", "fill_value": "missing"}))
        steps.append(SimpleImputer(**fill))
    if not steps and rng.random() < 0.35:
        functions = (own.strip_lower, own.strip_lower_cells, own.first_word, own.known_or_other, own.as_text)
        steps.append(pick(rng, (lambda: function(rng, functions), own_classes.Common))())
    if not steps and rng.random() < 0.12:
        return own_classes.PlainEncoder(handle_unknown="ignore")
    steps.append(encoder(rng))
    return steps[0] if len(steps) == 1 else make_pipeline(*steps)


def flag(rng, missing, classify):
    return pick(rng, ("passthrough", one_hot(rng), ordinal(rng), SimpleImputer(strategy="most_frequent")))


def text(rng):
    """Return a vectorizer for one column of texts."""
    options = pick(
        rng,
        (
            {},
            {"ngram_range": (1, 2)},
            {"lowercase": False},
            {"binary": True},
            {"min_df": 3},
            {"stop_words": ["not", "so"]},
            {"analyzer": "char_wb", "ngram_range": (2, 3)},
            {"token_pattern": r"\S+"},
            {"strip_accents": "unicode"},
        ),
    )
    tfidf = pick(rng, ({}, {"sublinear_tf": True}, {"norm": None}, {"use_idf": False}))
    hashed = {key: value for key, value in options.items() if key != "min_df"}
    step = pick(
        rng,
        (
            lambda: CountVectorizer(**options),
            lambda: TfidfVectorizer(**options, **tfidf),
            lambda: TfidfVectorizer(**options, **tfidf),
            lambda: HashingVectorizer(n_features=32, **hashed),
        ),
    )()
    return make_pipeline(step, TruncatedSVD(2, random_state=0)) if rng.random() < 0.12 else step

"""Texts of people who complain, ask and praise, and pipelines over them."""

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MaxAbsScaler, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

RNG = np.random.default_rng(5)
SUBJECTS = {
    "delivery": [
        "parcel",
        "late",
        "courier",
        "door",
        "box",
        "träcking",
        "address",
        "étage",
        "wait",
        "arrived",
        "never",
        "package",
        "street",
        "neighbour",
    ],
    "billing": [
        "invoice",
        "charged",
        "twice",
        "refund",
        "card",
        "euro",
        "price",
        "bank",
        "payment",
        "Überweisung",
        "discount",
        "total",
        "reçu",
        "tax",
    ],
    "technical": [
        "screen",
        "crashed",
        "update",
        "battery",
        "error",
        "cable",
        "noise",
        "button",
        "wifi",
        "naïve",
        "broken",
        "restart",
        "Größe",
        "driver",
    ],
}
COMMON = [
    "the",
    "a",
    "is",
    "not",
    "my",
    "I",
    "and",
    "was",
    "it",
    "please",
    "very",
    "thanks",
    "help",
    "again",
    "still",
    "you",
    "with",
    "for",
    "2",
    "3",
    "100",
    "don't",
]


def _text(kind):
    words = [*RNG.choice(SUBJECTS[kind], RNG.integers(1, 6)), *RNG.choice(COMMON, RNG.integers(0, 12))]
    RNG.shuffle(words)
    text = " ".join(word.title() if RNG.random() < 0.15 else word for word in words)
    return text + RNG.choice(["", ".", "!", "?? 🙂", "\n"])


SUBJECT = RNG.choice(list(SUBJECTS), 400)
TEXTS = pd.Series([_text(kind) for kind in SUBJECT], name="text")
URGENT = np.where(TEXTS.str.contains("late|crashed|twice|refund|error"), "yes", "no")
MINUTES = TEXTS.str.len() * 0.3 + 5 * (SUBJECT == "technical")
TICKETS = pd.DataFrame({
    "title": [_text(kind)[:20] for kind in SUBJECT],
    "text": TEXTS,
    "age": RNG.integers(1, 90, 400).astype(float),
    "channel": RNG.choice(["mail", "phone", "shop"], 400),
})  # fmt: skip


def beside_others(last, **options):
    columns = make_column_transformer(
        (TfidfVectorizer(**options), "text"),
        (CountVectorizer(analyzer="char", ngram_range=(2, 3)), "title"),
        (StandardScaler(), ["age"]),
        (OneHotEncoder(handle_unknown="ignore"), ["channel"]),
    )
    return make_pipeline(columns, last)


FIVE = {
    "words": (make_pipeline(TfidfVectorizer(), LogisticRegression()), TEXTS, SUBJECT),
    "pairs of words": (
        make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, stop_words="english"), LinearSVC()),
        TEXTS,
        URGENT,
    ),
    "counts": (make_pipeline(CountVectorizer(strip_accents="unicode"), MultinomialNB()), TEXTS, SUBJECT),
    "hashed": (
        make_pipeline(HashingVectorizer(n_features=2**14), SGDClassifier(loss="log_loss", random_state=0)),
        TEXTS,
        URGENT,
    ),
    "beside other columns": (beside_others(LogisticRegression(max_iter=2000)), TICKETS, URGENT),
}
MORE = {
    "characters": (
        make_pipeline(TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)), RidgeClassifier()),
        TEXTS,
        SUBJECT,
    ),
    "characters of any place": (
        make_pipeline(CountVectorizer(analyzer="char", ngram_range=(1, 3), lowercase=False), ComplementNB()),
        TEXTS,
        SUBJECT,
    ),
    "there or not": (make_pipeline(CountVectorizer(binary=True, ngram_range=(2, 3)), BernoulliNB()), TEXTS, URGENT),
    "of rarity, there or not": (make_pipeline(TfidfVectorizer(smooth_idf=False), BernoulliNB()), TEXTS, SUBJECT),
    "weighted afterwards": (
        make_pipeline(
            CountVectorizer(stop_words=["the", "a"]), TfidfTransformer(norm="l1"), SGDClassifier(random_state=0)
        ),
        TEXTS,
        SUBJECT,
    ),
    "own pattern": (
        make_pipeline(TfidfVectorizer(token_pattern=r"(?u)\b(\w)\w*", norm=None), LogisticRegression()),
        TEXTS,
        URGENT,
    ),
    "a number": (make_pipeline(TfidfVectorizer(strip_accents="ascii", use_idf=False), Ridge()), TEXTS, MINUTES),
    "hashed without signs": (
        make_pipeline(HashingVectorizer(n_features=2**12, alternate_sign=False, norm=None), MultinomialNB()),
        TEXTS,
        SUBJECT,
    ),
    "hashed and weighted": (
        make_pipeline(HashingVectorizer(n_features=2**12, binary=True), TfidfTransformer(), LogisticRegression()),
        TEXTS,
        SUBJECT,
    ),
    "the best terms": (make_pipeline(TfidfVectorizer(), SelectKBest(chi2, k=20), LogisticRegression()), TEXTS, SUBJECT),
    "scaled": (
        make_pipeline(CountVectorizer(), MaxAbsScaler(), SGDClassifier("modified_huber", random_state=0)),
        TEXTS,
        SUBJECT,
    ),
    "united": (
        make_pipeline(make_union(TfidfVectorizer(), TfidfVectorizer(analyzer="char", ngram_range=(2, 2))), LinearSVC()),
        TEXTS,
        SUBJECT,
    ),
    "searched": (
        GridSearchCV(make_pipeline(TfidfVectorizer(), ComplementNB()), {"tfidfvectorizer__min_df": [1, 2]}, cv=2),
        TEXTS,
        SUBJECT,
    ),
    "a number beside others": (beside_others(Ridge(), min_df=2), TICKETS, MINUTES),
}

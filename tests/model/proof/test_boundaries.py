"""Beside a boundary, a row alone, the same row in a batch and scikit-learn answer alike, whatever serves the model."""

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from model.bundle.files import Bundle
from model.packing.pack import Material, build
from model.proof.boundary import LEAST_DISTANCE
from model.runtime.load import load

RNG = np.random.default_rng(7)
ROWS = pd.DataFrame(RNG.normal(size=(240, 3)) * [1, 30, 0.01] + [0, 500, 0], columns=list("abc"))
SCORE = ROWS["a"] + (ROWS["b"] - 500) / 30 + ROWS["c"] * 100 + RNG.normal(0, 0.3, 240)
TWO, THREE = np.where(SCORE > 0, "yes", "no"), np.digitize(SCORE, [-1, 1])

CLASSIFIERS = {
    "logistic": (LogisticRegression(max_iter=2000), TWO),
    "logistic of three": (make_pipeline(StandardScaler(), LogisticRegression()), THREE),
    "LinearSVC": (make_pipeline(StandardScaler(), LinearSVC()), TWO),
    "gradient descent": (make_pipeline(StandardScaler(), SGDClassifier(random_state=0)), THREE),
    "tree": (DecisionTreeClassifier(random_state=0), THREE),
    "forest": (RandomForestClassifier(10, random_state=0), TWO),
    "forest with ties": (RandomForestClassifier(4, min_samples_leaf=8, random_state=0), THREE),
    "boosting": (HistGradientBoostingClassifier(max_iter=10, random_state=0), THREE),
    "gradient boosting": (GradientBoostingClassifier(n_estimators=10, random_state=0), TWO),
    "naive Bayes": (GaussianNB(), THREE),
    "neighbours": (KNeighborsClassifier(4), THREE),
    "support vectors": (make_pipeline(StandardScaler(), SVC()), TWO),
    "support vectors that break ties": (make_pipeline(StandardScaler(), SVC(break_ties=True)), THREE),
    "voting": (VotingClassifier([("tree", DecisionTreeClassifier(max_depth=3)), ("bayes", GaussianNB())]), TWO),
}


@cache
def packed(name):
    """Return an estimator, the model that serves it, and scikit-learn's own side of the same bundle."""
    estimator, target = CLASSIFIERS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        manifest, files = build(Material(name="mine", title="Mine", estimator=estimator.fit(ROWS, target), rows=ROWS))
    plain = replace(manifest, runtime="sklearn", input=manifest.fallback or manifest.input, requires={})
    return estimator, load(Bundle(manifest, files)), load(Bundle(plain, files))


def label_of(estimator, row):
    return estimator.predict(pd.DataFrame([row], columns=ROWS.columns))[0]


def beside_boundary(estimator, start, end):
    """Return two neighbouring rows on the line between others where the label changes, and two a little apart."""
    low, high, first = 0.0, 1.0, label_of(estimator, start)
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if label_of(estimator, start + middle * (end - start)) == first else (low, middle)
    shares = (low, high, low - LEAST_DISTANCE, high + LEAST_DISTANCE)
    rows = [start + share * (end - start) for share in shares]
    return rows[:2], [row.tolist() for row in rows[2:]]


def with_neighbours(rows):
    """Return these rows, and each with one value moved to the next float on either side."""
    found = list(rows)
    for row in rows:
        for place in range(len(row)):
            for towards in (-np.inf, np.inf):
                moved = row.copy()
                moved[place] = np.nextafter(moved[place], towards)
                found.append(moved)
    return [row.tolist() for row in found]


def answers(model, rows):
    return model.predict(model.reader(rows)).tolist()


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=10)
@given(data=st.data())
def test_labels_beside_a_boundary(name, data):
    estimator, model, own = packed(name)
    labels = estimator.predict(ROWS)
    start = data.draw(st.integers(0, len(ROWS) - 1))
    end = data.draw(st.sampled_from(np.flatnonzero(labels != labels[start]).tolist()))
    nearest, near = beside_boundary(estimator, ROWS.to_numpy()[start], ROWS.to_numpy()[end])
    rows = [*with_neighbours(nearest), *near]
    together = estimator.predict(pd.DataFrame(rows, columns=ROWS.columns)).tolist()
    alone = [label_of(estimator, row) for row in rows]
    assert answers(own, rows) == together
    assert [answers(own, [row])[0] for row in rows] == alone
    # At the boundary itself scikit-learn may add up one row otherwise than a batch, and a compact form leaves the row.
    for row, *right in zip(rows, together, alone, strict=True):
        assert model.answer_row(row) in (None, *right)
    assert answers(model, rows)[-2:] == together[-2:] == alone[-2:]
    assert [answers(model, [row])[0] for row in near] == alone[-2:]


@pytest.mark.parametrize("name", ["logistic", "logistic of three", "LinearSVC", "gradient descent"])
def test_a_compact_form_leaves_rows_at_the_boundary_and_answers_others(name):
    estimator, model, _ = packed(name)
    labels = estimator.predict(ROWS)
    end = np.flatnonzero(labels != labels[0])[0]
    nearest, _ = beside_boundary(estimator, ROWS.to_numpy()[0], ROWS.to_numpy()[end])
    assert {model.answer_row(row.tolist()) for row in nearest} == {None}
    assert [model.answer_row(row) for row in ROWS.to_numpy().tolist()] == labels.tolist()


def test_all_three_runtimes_are_among_them():
    models = [packed(name)[1].manifest for name in CLASSIFIERS]
    assert {manifest.runtime for manifest in models} == {"onnx", "sklearn"}
    assert any(manifest.compact for manifest in models)

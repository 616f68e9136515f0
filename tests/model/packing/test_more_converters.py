"""Kernels, centers, chains, thresholds and other models are compiled in float64, with any of their options."""

import numpy as np
import pytest
from sklearn.cluster import AffinityPropagation, Birch, BisectingKMeans, MeanShift
from sklearn.compose import TransformedTargetRegressor
from sklearn.covariance import EllipticEnvelope
from sklearn.cross_decomposition import CCA, PLSRegression
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.feature_selection import RFE
from sklearn.isotonic import IsotonicRegression
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multioutput import ClassifierChain, RegressorChain
from sklearn.naive_bayes import CategoricalNB
from sklearn.neighbors import NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC, SVR, OneClassSVM

from model.proof.compare import Refused
from tests.model.packing.test_converters import NUMBER, ROWS, THREE, WORDS, proven

TWO = np.where(THREE > 0, "yes", "no")
BOTH = np.column_stack([THREE > 0, ROWS["c"] > 0]).astype(int)
NUMBERS = np.column_stack([NUMBER, -NUMBER + ROWS["d"]])
LOGARITHM = {"func": np.log1p, "inverse_func": np.expm1}

COMPILED = {
    "centroids": (NearestCentroid(), ROWS, WORDS),
    "centroids by how common they are": (NearestCentroid(priors="empirical"), ROWS, WORDS),
    "kernel of lines": (KernelRidge(), ROWS, NUMBER),
    "kernel of distances": (KernelRidge(kernel="rbf", gamma=0.3), ROWS, NUMBERS),
    "kernel of powers": (KernelRidge(kernel="polynomial", degree=2), ROWS, NUMBER),
    "one class": (OneClassSVM(nu=0.2), ROWS, None),
    "support vectors": (SVC(), ROWS, WORDS),
    "support vectors of two": (make_pipeline(StandardScaler(), SVC(C=10)), ROWS, TWO),
    "support vectors of lines": (SVC(kernel="linear"), ROWS, THREE),
    "support vectors of powers": (SVC(kernel="poly", degree=2, coef0=1), ROWS, WORDS),
    "support vectors of a number": (SVR(kernel="sigmoid", gamma=0.1), ROWS, NUMBER),
    "quadratic": (QuadraticDiscriminantAnalysis(reg_param=0.1), ROWS, WORDS),
    "envelope": (EllipticEnvelope(contamination=0.05, random_state=0), ROWS, None),
    "one projected number": (PLSRegression(2), ROWS, NUMBER),
    "projected numbers": (CCA(1), ROWS, NUMBERS),
    "threshold": (FixedThresholdClassifier(LogisticRegression(), threshold=0.7, pos_label="no"), ROWS, TWO),
    "threshold of a pipeline": (
        TunedThresholdClassifierCV(make_pipeline(MinMaxScaler(), LogisticRegression()), cv=2),
        ROWS,
        (THREE > 0).astype(int),
    ),
    "chain of numbers": (RegressorChain(Ridge(), order=[1, 0]), ROWS, NUMBERS),
    "chain of labels": (ClassifierChain(LogisticRegression(), order=[1, 0]), ROWS, BOTH),
    "logarithm of the target": (TransformedTargetRegressor(LinearRegression(), **LOGARITHM), ROWS, np.exp(NUMBER / 9)),
    "scaled target": (TransformedTargetRegressor(SVR(), transformer=StandardScaler()), ROWS, NUMBER),
    "scaled targets": (TransformedTargetRegressor(Ridge(), transformer=MinMaxScaler()), ROWS, NUMBERS),
    "always the commonest": (DummyClassifier(), ROWS, WORDS),
    "always one": (DummyClassifier(strategy="constant", constant="so so"), ROWS, WORDS),
    "always a number": (DummyRegressor(strategy="quantile", quantile=0.8), ROWS, NUMBER),
    "rising": (IsotonicRegression(), ROWS[["a"]], NUMBER),
    "rising, cut off": (IsotonicRegression(out_of_bounds="clip"), ROWS[["a"]], NUMBER),
    "network of labels": (MLPClassifier((8,), activation="tanh", max_iter=50, random_state=0), ROWS, BOTH),
    "network of two": (MLPClassifier((8, 5), max_iter=50, random_state=0), ROWS, TWO),
    "tree of centers": (BisectingKMeans(5, random_state=0), ROWS, None),
    "centers of centers": (Birch(n_clusters=3, threshold=0.3), ROWS, None),
    "centers by density": (MeanShift(), ROWS, None),
    "centers by election": (AffinityPropagation(random_state=0), ROWS, None),
    "chosen columns": (RFE(LogisticRegression(), n_features_to_select=2), ROWS, WORDS),
}


@pytest.mark.parametrize("name", COMPILED)
def test_it_is_compiled_and_equal(name):
    parity = proven(*COMPILED[name])
    assert parity.passed
    assert parity.training_rows == 200


LEFT = {
    "answers by chance": (DummyClassifier(strategy="stratified"), ROWS, WORDS),
    "rows beyond training that are refused": (IsotonicRegression(out_of_bounds="raise"), ROWS[["a"]], NUMBER),
    "NearestCentroid by the distance manhattan": (NearestCentroid(metric="manhattan"), ROWS, WORDS),
    "the kernel laplacian": (KernelRidge(kernel="laplacian"), ROWS, NUMBER),
    "broken ties": (SVC(break_ties=True), ROWS, WORDS),
    "transformed by square": (
        TransformedTargetRegressor(Ridge(), func=np.square, inverse_func=np.cbrt, check_inverse=False), ROWS, NUMBER
    ),
    "categories that training had not": (CategoricalNB(), ROWS.round().clip(0), WORDS),
}  # fmt: skip


@pytest.mark.parametrize("reason", LEFT)
def test_what_a_copy_cannot_answer_alike_is_left_with_the_reason(reason):
    with pytest.raises(Refused, match=reason.replace("square", "cbrt")):
        proven(*LEFT[reason])

"""Models whose scores are sums: their weights, what their scores mean, and how they make probabilities of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import linear_model, svm
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, ComplementNB, MultinomialNB

from model.packing.compact.columns import Column, Lookup, Number, Underivable, refuse_missing
from model.packing.compact.documents import presence, require_not_negative
from model.packing.identity import Identity
from model.runtime.compact.form import Link, Probability
from model.schema.values import is_missing

Vector = NDArray[np.float64]

_REGRESSORS: tuple[type, ...] = (
    linear_model.ARDRegression, linear_model.BayesianRidge, linear_model.ElasticNet, linear_model.ElasticNetCV,
    linear_model.HuberRegressor, linear_model.Lars, linear_model.LarsCV, linear_model.Lasso, linear_model.LassoCV,
    linear_model.LassoLars, linear_model.LassoLarsCV, linear_model.LassoLarsIC, linear_model.LinearRegression,
    linear_model.OrthogonalMatchingPursuit, linear_model.OrthogonalMatchingPursuitCV, linear_model.QuantileRegressor,
    linear_model.Ridge, linear_model.RidgeCV, linear_model.SGDRegressor, linear_model.TheilSenRegressor, svm.LinearSVR,
)  # fmt: skip
_GENERALIZED: tuple[type, ...] = (
    linear_model.GammaRegressor, linear_model.PoissonRegressor, linear_model.TweedieRegressor,
)  # fmt: skip
_CLASSIFIERS: tuple[type, ...] = (
    linear_model.LogisticRegression, linear_model.LogisticRegressionCV, linear_model.Perceptron,
    linear_model.RidgeClassifier, linear_model.RidgeClassifierCV, linear_model.SGDClassifier, svm.LinearSVC,
    LinearDiscriminantAnalysis,
)  # fmt: skip
_COUNTING: tuple[type, ...] = (MultinomialNB, ComplementNB)
_BAYES = (*_COUNTING, BernoulliNB)
KINDS = (*_REGRESSORS, *_GENERALIZED, *_CLASSIFIERS, *_BAYES, CategoricalNB, Identity)


def as_taken(last: Any, columns: list[Column]) -> list[Column]:
    """Return the columns as the model itself changes them first."""
    if type(last) is CategoricalNB:
        return [
            _of_class(column, logs)
            for column, table in zip(columns, last.feature_log_prob_, strict=True)
            for logs in table
        ]
    if type(last) not in _BAYES:
        return columns
    columns = list(map(refuse_missing, columns))
    if type(last) in _COUNTING:
        for column in columns:
            require_not_negative(column)
    if type(last) is not BernoulliNB or last.binarize is None:
        return columns
    if last.binarize != 0:
        raise Underivable("BernoulliNB with a threshold")
    return list(map(presence, columns))


def _of_class(column: Column, logs: Vector) -> Column:
    """Return what each category of a column adds to one class; a category that training had not is refused."""
    known = dict(enumerate(logs.tolist()))
    if isinstance(column, Lookup):
        return column.mapped(lambda value: None if is_missing(value) else known.get(int(value or 0)))
    if not isinstance(column, Number) or column.operations:
        raise Underivable("categories that were computed before")
    return Lookup(column.feature, {float(code): log for code, log in known.items()}, None, None)


def parameters(last: Any) -> tuple[Vector, Vector, Link]:
    """Return the weights of each score, what it starts with, and what the scores mean."""
    if isinstance(last, Identity):
        return np.ones((1, 1)), np.zeros(1), "number"
    if type(last) is CategoricalNB:
        each = np.eye(len(last.classes_))
        return np.tile(each, len(last.feature_log_prob_)), last.class_log_prior_, "most"
    if type(last) in _BAYES:
        return *_log_probabilities(last), "most"
    sparse = hasattr(last.coef_, "toarray")
    coefficients = np.atleast_2d(np.asarray(last.coef_.toarray() if sparse else last.coef_, dtype=np.float64))
    intercepts = np.broadcast_to(np.asarray(last.intercept_, dtype=np.float64).ravel(), len(coefficients))
    if type(last) in _CLASSIFIERS:
        return coefficients, intercepts, "most" if len(last.classes_) > 2 else "sign"
    if type(last) in _GENERALIZED:
        return coefficients, intercepts, "exp" if _has_log_link(last) else "number"
    return coefficients, intercepts, "number"


def _log_probabilities(last: Any) -> tuple[Vector, Vector]:
    """Return what naive Bayes adds for each count, and what it starts with."""
    logs, prior = last.feature_log_prob_, last.class_log_prior_
    if type(last) is BernoulliNB:
        absent = np.log(1 - np.exp(logs))
        return logs - absent, prior + absent.sum(axis=1)
    if type(last) is ComplementNB and len(last.classes_) > 1:
        return logs, np.zeros(len(logs))
    return logs, prior


def probability(last: Any) -> Probability | None:
    """Return how a model makes probabilities of its scores, if it does."""
    if type(last) in _BAYES:
        return "softmax"
    if type(last) in (linear_model.LogisticRegression, linear_model.LogisticRegressionCV):
        return "logistic" if len(last.classes_) <= 2 else "softmax"
    if type(last) is linear_model.SGDClassifier and last.loss == "log_loss":
        return "logistic" if len(last.classes_) == 2 else "one_against_rest"
    return "huber" if getattr(last, "loss", None) == "modified_huber" else None


def _has_log_link(last: Any) -> bool:
    if not isinstance(last, linear_model.TweedieRegressor):
        return True
    return bool(last.link == "log" or (last.link == "auto" and last.power > 0))

"""Kept cases that people found with models of their own."""

from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    QuantileTransformer,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from tests.differential import own, own_classes
from tests.differential.kept.base import beside, case, kept

# Text beside a number: one changed word is not one changed feature.


@kept
def tfidf_of_50_texts_beside_a_number():
    return case(beside((TfidfVectorizer(), "note"), last=LogisticRegression(max_iter=500)), "note fee")


@kept
def tfidf_of_20_texts_beside_a_number():
    return case(beside((TfidfVectorizer(), "few"), last=Ridge()), "few fee")


# Own functions before steps that are known.


def _tidied(last):
    tidy = make_pipeline(FunctionTransformer(own.strip_lower), OneHotEncoder(handle_unknown="ignore"))
    return beside((tidy, ["town"]), last=last)


@kept
def own_strip_lower_before_one_hot_classifier():
    return case(_tidied(LogisticRegression(max_iter=500)), "town fee")


@kept
def own_strip_lower_before_one_hot_regressor():
    return case(_tidied(LinearRegression()), "town fee")


@kept
def own_strip_lower_before_closed_categories():
    tidy = make_pipeline(FunctionTransformer(own.strip_lower), OneHotEncoder())
    return case(beside((tidy, ["city"]), last=LinearRegression()), "city fee")


@kept
def own_clip_above_training():
    clip = FunctionTransformer(own.clip_500, feature_names_out="one-to-one")
    return case(beside((clip, ["fee"]), last=LinearRegression()), "fee score")


@kept
def own_iso_dates():
    dates = make_pipeline(FunctionTransformer(own.iso_days), StandardScaler())
    return case(beside((dates, ["since"]), last=Ridge()), "since fee")


@kept
def own_subclass_of_one_hot():
    return case(beside((own_classes.PlainEncoder(handle_unknown="ignore"), ["city"]), last=Ridge()), "city fee")


@kept
def own_subclass_of_ridge():
    return case(make_pipeline(StandardScaler(), own_classes.PositiveRidge()), "fee score")


# Nothing but scikit-learn's own steps.


@kept
def binarizer_then_quantiles_before_sgd():
    steps = make_pipeline(Binarizer(threshold=1.0), QuantileTransformer(n_quantiles=20))
    return case(make_pipeline(steps, SGDClassifier(random_state=0)), "fee score")


@kept
def normalizer_then_quantiles_beside_one_hot_before_sgd():
    steps = make_pipeline(Normalizer(), QuantileTransformer(n_quantiles=20))
    branches = (steps, ["fee", "score"]), (OneHotEncoder(handle_unknown="ignore"), ["size"])
    return case(beside(*branches, last=SGDClassifier(random_state=0)), "fee score size", [1, 2, 3])


@kept
def polynomial_beside_one_hot_then_svd_before_linear_svc():
    branches = (PolynomialFeatures(), ["fee", "score"]), (OneHotEncoder(handle_unknown="ignore"), ["size"])
    last = make_pipeline(TruncatedSVD(3, random_state=0), LinearSVC(random_state=0))
    return case(beside(*branches, last=last), "fee score size", [0, 1, 2])


@kept
def binarizer_beside_ordinal_then_svd_before_a_tree():
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    branches = (Binarizer(threshold=1.0), ["fee", "score"]), (ordinal, ["size"])
    last = make_pipeline(TruncatedSVD(2, random_state=0), DecisionTreeClassifier(max_depth=4, random_state=0))
    return case(beside(*branches, last=last), "fee score size")

"""Kept cases that random pipelines found."""

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    Lasso,
    LinearRegression,
    LogisticRegression,
    RANSACRegressor,
    Ridge,
    SGDClassifier,
    TweedieRegressor,
)
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid, RadiusNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeRegressor, ExtraTreeRegressor

from tests.differential import own, own_classes
from tests.differential.kept.base import beside, case, kept


@kept
def an_imputer_whose_inverse_raises():
    steps = make_pipeline(MinMaxScaler(clip=True), DecisionTreeRegressor(max_depth=3, random_state=0))
    return case(make_pipeline(SimpleImputer(strategy="constant"), steps), "fee score")


@kept
def interactions_that_overflow_float32():
    return case(make_pipeline(PolynomialFeatures(3, interaction_only=True), Ridge()), "fee visits")


@kept
def powers_that_overflow():
    return case(make_pipeline(PolynomialFeatures(3), MinMaxScaler(), Lasso(0.01)), "fee score")


@kept
def power_transformer_far_from_training():
    return case(make_pipeline(PowerTransformer(), LinearRegression()), "fee visits score")


@kept
def distances_that_overflow():
    return case(beside(("passthrough", [0]), last=NearestCentroid()), "fee", ["high", "low", "mid"])


@kept
def a_tree_beyond_float32():
    return case(ExtraTreeRegressor(max_depth=5, random_state=0), "fee")


@kept
def a_boosted_forest_beside_its_thresholds():
    return case(GradientBoostingRegressor(n_estimators=8, random_state=0), "fee visits score")


@kept
def a_sum_that_overflows():
    return case(beside((OrdinalEncoder(), ["size"]), last=RANSACRegressor(random_state=0)), "size fee visits")


@kept
def a_lambda():
    return case(make_pipeline(FunctionTransformer(lambda x: x * 2 + 1), Ridge()), "fee score", seed=1)


@kept
def own_rules_without_names():
    return case(own_classes.Rules(), "fee score")


@kept
def logarithm_of_numbers_that_may_be_negative():
    return case(make_pipeline(FunctionTransformer(np.log1p), LinearRegression()), "fee visits")


@kept
def ratio_by_zero():
    steps = make_pipeline(FunctionTransformer(own.ratio), StandardScaler())
    return case(make_pipeline(steps, LinearRegression()), "score fee")


@kept
def box_cox_of_positive_numbers():
    return case(make_pipeline(PowerTransformer("box-cox"), LinearRegression()), "fee")


@kept
def signs_then_a_forest():
    steps = make_pipeline(FunctionTransformer(np.sign, validate=True), RandomForestClassifier(8, random_state=0))
    return case(make_pipeline(SimpleImputer(strategy="median"), steps), "fee score")


@kept
def squares_that_overflow():
    steps = make_pipeline(FunctionTransformer(np.square), SGDClassifier(loss="perceptron", random_state=0))
    return case(make_pipeline(SimpleImputer(strategy="constant", fill_value=-1), steps), "fee score")


@kept
def hashed_texts_beside_powers():
    branches = (PolynomialFeatures(), ["fee", "score"]), (HashingVectorizer(n_features=32), "few")
    return case(beside(*branches, last=LinearSVC(random_state=0)), "fee score few")


@kept
def reduced_texts_beside_a_number():
    texts = make_pipeline(TfidfVectorizer(binary=True), TruncatedSVD(2, random_state=0))
    return case(beside((texts, "few"), last=Ridge()), "few fee")


@kept
def exponentials_far_from_training():
    encoder = OneHotEncoder(drop="first", handle_unknown="ignore", min_frequency=12)
    return case(beside((encoder, ["since"]), last=TweedieRegressor(power=0, link="log", max_iter=50)), "fee since")


@kept
def shares_just_beside_a_threshold():
    return case(make_pipeline(Normalizer("l1"), Binarizer(threshold=0.5), Ridge()), "fee visits score")


@kept
def own_frequencies():
    return case(beside((own_classes.Frequency(), ["town"]), last=LogisticRegression(max_iter=500)), "town fee")


@kept
def own_ratios_before_columns_by_position():
    columns = make_column_transformer((StandardScaler(), [0, 1]), (OneHotEncoder(handle_unknown="ignore"), [2]))
    return case(make_pipeline(own_classes.Ratios(), columns, Ridge()), "fee visits size")


@kept
def neighbours_within_a_radius():
    return case(RadiusNeighborsClassifier(6.0), "fee score")


@kept
def numbers_whose_weight_is_almost_zero():
    return case(make_pipeline(SimpleImputer(), LinearRegression()), "fee visits score")


@kept
def boolean_labels_of_neighbours():
    return case(KNeighborsClassifier(), "fee score", [False, True])

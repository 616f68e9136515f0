"""Kept cases that random pipelines found."""

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import Lasso, LinearRegression, RANSACRegressor, Ridge
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    StandardScaler,
)
from sklearn.tree import DecisionTreeRegressor, ExtraTreeRegressor

from tests.differential import own, own_classes
from tests.differential.kept.base import beside, case, kept


@kept
def an_imputer_whose_inverse_raises():
    steps = make_pipeline(MinMaxScaler(clip=True), DecisionTreeRegressor(max_depth=3, random_state=0))
    return case(make_pipeline(own_classes.SimpleImputer(strategy="constant"), steps), "fee score")


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

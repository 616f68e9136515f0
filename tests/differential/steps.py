"""Chains of steps for each kind of column, drawn from what people put before an estimator."""

import numpy as np
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import SelectKBest, SelectPercentile, VarianceThreshold, f_classif, f_regression
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)

from tests.differential import own, own_classes
from tests.differential.draws import function, pick
from tests.differential.encoders import choice, encoder, flag, one_hot

UFUNCS = (np.log1p, np.sqrt, np.abs, np.sign, np.tanh, np.cbrt, np.expm1, np.square, np.rint, np.arctan, np.log)
LAMBDAS = (
    lambda x: x * 2 + 1,
    lambda x: x**2,
    lambda x: np.maximum(x, 0),
    lambda x: np.log1p(np.abs(x)),
    lambda x: np.where(np.asarray(x) > 20, 1.0, 0.0),
    lambda x: x - x.min(axis=None) * 0,
    lambda x: 1 / x,
)
NUMBER_FUNCTIONS = (
    own.clip_both,
    own.safe_ratio,
    own.ratio,
    own.above_ten,
    own.whole_part,
    own.last_digit,
    own.wave,
    own.square,
    own.square_root,
    own.spread_of_row,
)
FRAME_FUNCTIONS = (own.clip_500, own.bands, own.ratio, own.safe_ratio)


def imputer(rng):
    indicator = bool(rng.random() < 0.3)
    return pick(
        rng,
        (
            lambda: SimpleImputer(add_indicator=indicator),
            lambda: SimpleImputer(strategy="median"),
            lambda: SimpleImputer(strategy="most_frequent", add_indicator=indicator),
            lambda: SimpleImputer(strategy="constant", fill_value=-1),
            lambda: SimpleImputer(strategy="constant"),
            lambda: KNNImputer(n_neighbors=3, add_indicator=indicator),
            lambda: own_classes.ZeroImputer(strategy="median"),
            lambda: FunctionTransformer(own.fill_zero),
            lambda: make_union(SimpleImputer(), MissingIndicator(features="all")),
        ),
    )()


SCALERS = (
    lambda rng: StandardScaler(with_mean=bool(rng.random() < 0.8), with_std=bool(rng.random() < 0.8)),
    lambda rng: MinMaxScaler(clip=bool(rng.random() < 0.6)),
    lambda rng: MinMaxScaler(feature_range=(-2, 3), clip=True),
    lambda rng: MaxAbsScaler(),
    lambda rng: RobustScaler(quantile_range=(10.0, 90.0), unit_variance=bool(rng.random() < 0.5)),
    lambda rng: QuantileTransformer(
        n_quantiles=pick(rng, (5, 20, 50)), output_distribution=pick(rng, ("uniform", "normal"))
    ),
    lambda rng: PowerTransformer(standardize=bool(rng.random() < 0.7)),
    lambda rng: PowerTransformer("box-cox"),
    lambda rng: Normalizer(norm=pick(rng, ("l1", "l2", "max"))),
    lambda rng: Binarizer(threshold=pick(rng, (0.0, 1.0, 5.5))),
    lambda rng: KBinsDiscretizer(
        n_bins=pick(rng, (2, 4)),
        encode=pick(rng, ("onehot", "onehot-dense", "ordinal")),
        strategy=pick(rng, ("uniform", "quantile", "kmeans")),
        quantile_method="averaged_inverted_cdf",
    ),
    lambda rng: PolynomialFeatures(
        degree=pick(rng, (2, 3)), interaction_only=bool(rng.random() < 0.4), include_bias=bool(rng.random() < 0.5)
    ),
    lambda rng: SplineTransformer(
        n_knots=pick(rng, (3, 5)),
        degree=pick(rng, (1, 2, 3)),
        knots=pick(rng, ("uniform", "quantile")),
        extrapolation=pick(rng, ("constant", "linear", "continue", "error", "periodic")),
    ),
    lambda rng: function(rng, UFUNCS),
    lambda rng: function(rng, UFUNCS, validate=True),
    lambda rng: function(rng, LAMBDAS),
    lambda rng: function(rng, NUMBER_FUNCTIONS),
    lambda rng: own_classes.Clipper(),
    lambda rng: own_classes.Cents(),
    lambda rng: own_classes.MirroredScaler(),
    lambda rng: own_classes.SteppedScaler(),
)


def reducer(rng, classify):
    judge = f_classif if classify else f_regression
    return pick(
        rng,
        (
            lambda: PCA(n_components=2),
            lambda: PCA(n_components=0.9, whiten=True),
            lambda: TruncatedSVD(n_components=2, random_state=0),
            lambda: SelectKBest(judge, k=2),
            lambda: SelectPercentile(judge, percentile=60),
            lambda: VarianceThreshold(0.01),
        ),
    )()


def scaler(rng):
    return pick(rng, SCALERS)(rng)


def number(rng, missing, classify):
    """Return a step or a chain for columns of numbers."""
    if rng.random() < 0.1 and not missing:
        return "passthrough"
    steps = [function(rng, FRAME_FUNCTIONS)] if rng.random() < 0.12 else []
    if missing or rng.random() < 0.4:
        steps.append(imputer(rng))
    steps += [scaler(rng) for _ in range(rng.choice([0, 1, 2], p=[0.2, 0.6, 0.2]))]
    if rng.random() < 0.12:
        steps.append(FeatureUnion([("a", scaler(rng)), ("b", scaler(rng))]))
    if rng.random() < 0.12:
        steps.append(reducer(rng, classify))
    return make_pipeline(*steps) if steps else StandardScaler()


def code(rng, missing, classify):
    """Return a step or a chain for columns of numbers that name something."""
    return encoder(rng) if rng.random() < 0.8 else number(rng, missing, classify)


def date(rng, missing, classify):
    """Return a step or a chain for columns of ISO dates."""
    if rng.random() < 0.15:
        return one_hot(rng)
    parse = function(rng, (own.iso_days, own.iso_days, own.iso_month))
    return parse if rng.random() < 0.5 else make_pipeline(parse, scaler(rng))


def day(rng, missing, classify):
    """Return a chain for columns of timestamps."""
    parse = function(rng, (own.day_parts, own.days_since))
    return make_pipeline(parse, imputer(rng)) if missing or rng.random() < 0.4 else parse


BRANCHES = {"number": number, "choice": choice, "code": code, "flag": flag, "date": date, "day": day}

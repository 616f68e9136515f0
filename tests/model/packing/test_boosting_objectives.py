"""Whatever a boosting library optimises, grows or stops early, its trees are read exactly."""

import warnings

import numpy as np
import pytest

from model.packing.compile import compile_and_prove
from model.packing.describe import Hints, describe
from model.packing.prove import trial
from model.proof.compare import Refused, estimator_answers
from tests.helpers.boosting import require_boosting
from tests.model.packing.boosters import COUNT, FRAME, GAPS, NUMBER, ROWS, TWO, WORDS, catboost, lightgbm, of, xgboost

pytestmark = pytest.mark.xdist_group("boosting")
COUNTS = np.abs(NUMBER).round()
BAGGED = {"boosting_type": "rf", "subsample": 0.7, "subsample_freq": 1}


@pytest.fixture(autouse=True)
def _libraries():
    require_boosting()


def verdict(estimator, rows, target, **fit):
    """Return the proof of the compiled copy, or why there is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(rows, target, **fit)
        model, table = describe(estimator, rows, Hints())
        try:
            return compile_and_prove(trial(model, table, estimator_answers(model, table))).parity
        except Refused as reason:
            return str(reason)


EXACT = {
    "LightGBM, words with gaps": (of(lightgbm), GAPS, WORDS),
    "LightGBM, one class against the rest": (of(lightgbm, objective="multiclassova"), ROWS, WORDS),
    "LightGBM, counts": (of(lightgbm, "Regressor", objective="poisson"), GAPS, COUNTS),
    "LightGBM, a forest": (of(lightgbm, "Regressor", **BAGGED), ROWS, NUMBER),
    "LightGBM, a steeper curve": (of(lightgbm, objective="binary", sigmoid=0.7), ROWS, TWO),
    "XGBoost, counts": (of(xgboost, "Regressor", objective="count:poisson"), GAPS, COUNTS),
    "XGBoost, a forest": (of(xgboost, "RFRegressor"), ROWS, NUMBER),
    "XGBoost, categories in sets": (
        of(xgboost, "Regressor", enable_categorical=True, max_cat_to_onehot=1),
        FRAME,
        NUMBER,
    ),
    "CatBoost, words with gaps": (of(catboost), GAPS, WORDS),
    "CatBoost, gaps above": (of(catboost, nan_mode="Max"), GAPS, TWO),
    "CatBoost, trees that grow freely": (of(catboost, "Regressor", grow_policy="Lossguide"), ROWS, NUMBER),
    "CatBoost, counts": (of(catboost, "Regressor", loss_function="Poisson"), ROWS, COUNTS),
}


@pytest.mark.parametrize("name", EXACT)
def test_a_model_is_read_exactly(name):
    make, rows, target = EXACT[name]
    parity = verdict(make(), rows, target)
    assert not isinstance(parity, str), parity
    # Float32 probabilities and exponentials may differ in their last place; sums and labels may not.
    assert parity.largest_error < (3e-7 if make.func is xgboost else 1e-13)


def test_training_that_stopped_early_counts_its_best_trees_alone():
    model = xgboost("Classifier", n_estimators=200, learning_rate=1.0, early_stopping_rounds=2)
    parity = verdict(model, ROWS[:200], TWO[:200], eval_set=[(ROWS[200:], TWO[200:])], verbose=False)
    assert model.best_iteration < model.get_booster().num_boosted_rounds() - 1
    assert not isinstance(parity, str), parity


def test_a_ranking_is_read_exactly():
    parity = verdict(lightgbm("Ranker"), ROWS, TWO, group=[COUNT // 2, COUNT // 2])
    assert parity.largest_error < 1e-13


REFUSED = {
    "linear trees": (of(lightgbm, "Regressor", linear_tree=True), ROWS, NUMBER),
    "zero_as_missing": (of(lightgbm, zero_as_missing=True), ROWS, TWO),
    "dart": (of(xgboost, booster="dart"), ROWS, TWO),
    "takes -1": (of(xgboost, missing=-1.0), ROWS, TWO),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_exactly_is_refused_in_a_sentence(name):
    make, rows, target = REFUSED[name]
    assert name in verdict(make(), rows, target)

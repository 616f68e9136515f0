"""Small models of the boosting libraries, made when they are asked for: a library may not be installed."""

from functools import partial

import numpy as np
import pandas as pd

RNG = np.random.default_rng(3)
COUNT = 300
ROWS = pd.DataFrame(RNG.normal(size=(COUNT, 3)), columns=list("abc"))
GAPS = ROWS.mask(RNG.random(ROWS.shape) < 0.1)
# Not in the order of the alphabet, which is what another data frame would take.
SIZE = pd.Categorical(RNG.choice(["small", "large", "medium"], COUNT), categories=["small", "medium", "large"])
CODES = pd.Categorical(RNG.choice([30, 10, 20], COUNT))
FRAME = GAPS.assign(size=SIZE, code=CODES)
CITY = RNG.choice(np.array(["Oslo", "Rome", "Köln", "Bern", "Nice", "Lund", "Graz"], dtype=object), COUNT)
MIXED = GAPS.assign(city=np.where(RNG.random(COUNT) < 0.1, None, CITY))
THREE = np.digitize(ROWS["a"] + (SIZE == "small") + (CITY == "Oslo") + RNG.normal(0, 0.3, COUNT), [-0.3, 0.9])
WORDS = np.array(["no", "so so", "yes"])[THREE]
TWO = (THREE > 0).astype(int)
NUMBER = (ROWS["a"] * 3 + ROWS["b"] + (CODES == 20)).to_numpy()


def lightgbm(kind, **settings):
    import lightgbm as library

    return getattr(library, f"LGBM{kind}")(**{"n_estimators": 20, "verbose": -1, "n_jobs": 1, **settings})


def xgboost(kind, **settings):
    import xgboost as library

    return getattr(library, f"XGB{kind}")(**{"n_estimators": 20, "n_jobs": 1, **settings})


def catboost(kind, **settings):
    import catboost as library

    quiet = {"verbose": 0, "allow_writing_files": False, "thread_count": 1}
    return getattr(library, f"CatBoost{kind}")(**{"iterations": 20, **quiet, **settings})


def of(library, kind="Classifier", **settings):
    """Return a function that makes a model."""
    return partial(library, kind, **settings)

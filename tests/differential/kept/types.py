"""Kept cases of columns and labels whose type a file does not show."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    OneHotEncoder,
    StandardScaler,
)

from tests.differential.cases import Case
from tests.differential.kept.base import beside, case, kept


def _codes(name, values, last, encoder=None, **options):
    rng = np.random.default_rng(5)
    column = pd.Series(
        rng.choice(np.array(values, dtype=object), 120), dtype="str" if isinstance(values[0], str) else None
    )
    frame = pd.DataFrame({name: column.infer_objects(), "fee": rng.uniform(1, 100, 120).round(1)})
    number = pd.factorize(frame[name])[0] * 3.0 + frame["fee"] / 50
    return Case(
        "kept",
        beside((encoder or OneHotEncoder(handle_unknown="ignore"), [name]), last=last),
        frame,
        number,
        "regression",
        **options,
    )


@kept
def zip_codes_with_leading_zeros():
    return _codes("zip", ["01234", "1234", "00501", "99501"], Ridge())


@kept
def texts_that_look_like_missing():
    return _codes("state", ["NA", "null", "None", "ok"], Ridge())


@kept
def texts_that_look_like_booleans():
    return _codes("paid", ["True", "False"], Ridge())


@kept
def ids_beyond_2_to_the_53():
    return _codes("id", [2**53 + 1, 2**53 + 2, 2**53 + 3, 2**53 + 5], Ridge())


@kept
def closed_ids_beyond_2_to_the_53():
    return _codes("id", [2**53 + 1, 2**53 + 2, 2**53 + 3, 2**53 + 5], Ridge(), OneHotEncoder())


@kept
def closed_flags():
    return _codes("paid", [False, True], Ridge(), OneHotEncoder(drop="first"))


@kept
def labels_of_digits():
    return case(make_pipeline(StandardScaler(), LogisticRegression()), "fee score", ["1", "2"])


@kept
def labels_of_true_and_false():
    return case(make_pipeline(StandardScaler(), LogisticRegression()), "fee score", ["True", "False"])

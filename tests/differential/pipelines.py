"""Whole pipelines: which columns go through which steps, in which order, before which estimator."""

import numpy as np
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from tests.differential import own, own_classes, steps
from tests.differential.draws import pick
from tests.differential.encoders import text
from tests.differential.estimators import SEVERAL_CLASSIFIERS, SEVERAL_REGRESSORS, estimator


def pipeline(rng, frame, columns, task, *, several):
    """Return an estimator that was not fitted yet."""
    classify = task == "classification"
    last = pick(rng, SEVERAL_CLASSIFIERS if classify else SEVERAL_REGRESSORS)() if several else estimator(rng, task)
    numeric = all(column.role == "number" for column in columns)
    draw = rng.random()
    if numeric and draw < 0.45:
        whole = _plain(rng, columns, classify, last)
    elif draw > 0.97:
        whole = last
    else:
        whole = _mixed(rng, frame, columns, classify, last)
    return _around(rng, whole, task) if rng.random() < 0.08 else whole


def _plain(rng, columns, classify, last):
    """Return steps one after the other over all the numbers."""
    missing = any(column.missing for column in columns)
    chain = [steps.imputer(rng)] if missing and rng.random() < 0.9 else []
    chain += [steps.scaler(rng) for _ in range(rng.choice([0, 1, 2], p=[0.2, 0.5, 0.3]))]
    if rng.random() < 0.15:
        chain.append(FeatureUnion([("a", steps.scaler(rng)), ("b", steps.reducer(rng, classify))]))
    return make_pipeline(*chain, last) if chain else last


def _mixed(rng, frame, columns, classify, last):
    chain = [_columns(rng, frame, columns, classify)]
    if rng.random() < 0.08:
        chain.insert(0, FunctionTransformer(pick(rng, (own.fill_zero, None))))
    if rng.random() < 0.06 and sum(column.role == "number" for column in columns) >= 2:
        chain.insert(0, own_classes.Ratios())
    if rng.random() < 0.25:
        chain.append(StandardScaler(with_mean=False) if rng.random() < 0.5 else steps.scaler(rng))
    if rng.random() < 0.12:
        chain.append(steps.reducer(rng, classify))
    if not classify and rng.random() < 0.03:
        return own_classes.Halved([(str(place), step) for place, step in enumerate([*chain, last])])
    return make_pipeline(*chain, last)


def _columns(rng, frame, columns, classify):
    """Return a ColumnTransformer with a branch a role, or two, and what is left over dropped or passed through."""
    branches, left = [], []
    for role in dict.fromkeys(column.role for column in columns):
        chosen = [column for column in columns if column.role == role]
        if role == "text":
            branches += [(f"text {c.name}", text(rng), c.name) for c in chosen]
        elif role in ("number", "flag") and rng.random() < 0.15:
            left += chosen
        else:
            branches += _of_role(rng, frame, role, chosen, classify)
    if not branches:
        branches = [("all", StandardScaler(), [column.name for column in left])]
    rest = "passthrough" if left and rng.random() < 0.8 else "drop"
    weights = {branches[0][0]: 2.0} if rng.random() < 0.08 else None
    made = ColumnTransformer(
        branches, remainder=rest, transformer_weights=weights, sparse_threshold=pick(rng, (0, 0.3, 1))
    )
    if rng.random() < 0.05:
        return ColumnTransformer([("inner", made, list(frame.columns))], remainder="drop")
    return made


def _of_role(rng, frame, role, chosen, classify):
    parts = [chosen]
    if len(chosen) > 1 and rng.random() < 0.5:
        cut = int(rng.integers(1, len(chosen)))
        parts = [chosen[:cut], chosen[cut:]]
    made = []
    for place, part in enumerate(parts):
        missing = any(column.missing for column in part)
        step = steps.BRANCHES[role](rng, missing, classify)
        made.append((f"{role} {place}", step, _by(rng, frame, [column.name for column in part], len(parts) == 1)))
    return made


def _by(rng, frame, names, whole):
    """Say the same columns in one of the ways that a ColumnTransformer takes."""
    places = [frame.columns.get_loc(name) for name in names]
    ways = [names, names, places, [name in names for name in frame], np.array(places)]
    if places == list(range(places[0], places[-1] + 1)):
        ways += [slice(places[0], places[-1] + 1), slice(names[0], names[-1])]
    if whole and list(frame.select_dtypes("number").columns) == names:
        ways += [make_column_selector(dtype_include="number")] * 2
    return pick(rng, ways)


def _around(rng, whole, task):
    if task in ("outliers", "clustering"):
        return Pipeline([("all", whole)])
    return GridSearchCV(Pipeline([("inner", whole)]), {}, cv=2)

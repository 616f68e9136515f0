"""Frames of drawn values and types under estimators of several kinds: a bundle that passes its check, or a sentence."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier

from tests.model.packing.hostile import COLUMNS, Own
from tests.model.packing.outcomes import outcome

pytestmark = pytest.mark.filterwarnings("ignore")

numbers = st.sampled_from([1e308, -1.7e308, 5e-324, -0.0, 0.0, 1.0, 2.0**53 + 2, 1e-300, np.nan, np.inf]) | st.floats()
cells = st.one_of(
    numbers, st.integers(-(2**70), 2**70), st.booleans(), st.none(), st.text(max_size=3), st.binary(max_size=2),
    st.datetimes(), st.dates(), st.timedeltas(), st.decimals(), st.complex_numbers(), st.just(pd.NA),
)  # fmt: skip
columns = st.one_of(
    *(st.lists(kind, min_size=1, max_size=12) for kind in (numbers, st.integers(), st.booleans(), st.text(), cells)),
    st.sampled_from(list(COLUMNS.values())),
)
names = st.text(max_size=5) | st.integers() | st.none() | st.sampled_from(["a", "b", "prediction"])
ESTIMATORS = (
    Own, lambda: Own("two columns"), Ridge, LogisticRegression,
    lambda: RandomForestClassifier(3, random_state=0), lambda: KNeighborsClassifier(1),
    lambda: make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()),
    lambda: make_pipeline(OrdinalEncoder(), DecisionTreeClassifier(random_state=0)),
)  # fmt: skip


def tried(folder, model_cli, data):
    drawn = data.draw(st.lists(columns, min_size=1, max_size=3))
    height = min(map(len, drawn))
    rows = pd.DataFrame({place: pd.Series(list(column)[:height]) for place, column in enumerate(drawn)})
    target = data.draw(st.lists(st.sampled_from(["nan", "x", "1"]), min_size=height, max_size=height))
    rows.columns = pd.Index(data.draw(st.lists(names, min_size=len(drawn), max_size=len(drawn))), dtype=object)
    as_numbers = data.draw(st.booleans())
    try:
        estimator = data.draw(st.sampled_from(ESTIMATORS))().fit(
            rows, [len(each) for each in target] if as_numbers else target
        )
    except Exception:
        return  # what cannot be trained is not brought
    options = ()
    if data.draw(st.booleans()):
        options = ("--target", "t")
        rows = rows.assign(t=data.draw(st.just(target) | st.lists(cells, min_size=height, max_size=height)))
    outcome(folder, model_cli, estimator, rows, *options)


several = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@settings(several, max_examples=30)
@given(data=st.data())
def test_hostile_frames(data, tmp_path_factory, model_cli):
    tried(tmp_path_factory.mktemp("hostile"), model_cli, data)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@settings(several, max_examples=400)
@given(data=st.data())
def test_many_hostile_frames(data, tmp_path_factory, model_cli):
    tried(tmp_path_factory.mktemp("hostile"), model_cli, data)

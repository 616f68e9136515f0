"""The population stability index: 0 for the same distribution, large for another, finite for an empty range."""

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.telemetry.drift import drift_of
from api.telemetry.metrics import Metrics
from model.drift.index import stability_index
from tests.helpers.server import model

shares = st.lists(st.floats(0, 1), min_size=2, max_size=9)


@given(shares)
def test_a_distribution_does_not_differ_from_itself(each):
    assert stability_index(each, each) == 0


@given(shares, st.data())
def test_the_index_is_finite_not_negative_and_symmetric(one, data):
    other = data.draw(st.lists(st.floats(0, 1), min_size=len(one), max_size=len(one)))
    index = stability_index(one, other)
    assert isfinite(index)
    assert index >= 0
    assert index == pytest.approx(stability_index(other, one))


def test_values_beyond_training_belong_to_the_outer_ranges():
    metrics = Metrics([model("iris")])
    for value in (-100.0, 100.0, 100.0):
        metrics.models["iris"].buffer.add([value] * 4, 0, 0.001)
    metrics.flush()
    for drift in drift_of(metrics, model("iris"))[1:]:
        assert drift.received == 3
        assert (drift.now[0], drift.now[-2], drift.now[-1]) == (1, 2, 0)
        assert len(drift.keys) == len(drift.labels) == len(drift.now) == len(drift.training)

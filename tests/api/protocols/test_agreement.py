"""A row has one answer or none: by every protocol, from every runtime, alone, in a batch, and from scikit-learn."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from model.runtime.base import RefusedRow
from model.schema.signature import SignatureError
from tests.api.protocols.agreement import (
    HOSTILE,
    ONE_ONLY,
    REFUSED,
    RUNTIMES,
    estimator,
    hostile_rows,
    outcome,
    served,
    usual,
    ways,
)

# A test makes errors of warnings; a server does not, so an overflow within scikit-learn is no refusal there.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

MODELS = ("iris", "wine", "purchase", "churn", "echo")
SIZES = (2, 3, 70)
"""The last one is more than scikit-learn's calls are taken together for."""


def same(one, other):
    """Tell whether two answers are one: numbers up to what the parity of the runtimes allows."""
    if REFUSED in (one, other):
        return one == other
    if all(type(each) in (int, float) for each in (one, other)):
        return one == pytest.approx(other, rel=1e-5, abs=1e-5)
    return one == other


def alone(channel, service, row):
    found = outcome(channel, service, [row])
    if found == REFUSED:
        return REFUSED
    assert len(found) == 1, channel.name
    return found[0]


def require_agreement(name, row, place, size, runtimes=RUNTIMES):
    """Send one row by every way; the answer to the first one is the measure for all others."""
    # Lists of one length in every cell are columns, not a row.
    assume(not all(type(value) is list for value in row.values()))
    measure = alone(ways(name)[0], served(name, runtimes[0]), row)
    good = (usual(name) * size)[: size - 1]
    batch = [*good[:place], row, *good[place:]]
    known = outcome(ways(name)[0], served(name, runtimes[0]), good)
    for runtime in runtimes:
        service = served(name, runtime)
        for channel in ways(name):
            if channel.takes([row]):
                found = alone(channel, service, row)
                assert same(found, measure), (runtime, channel.name, "alone", row, found, measure)
            if channel.name in ONE_ONLY or len(channel.takes(batch)) < len(batch):
                continue
            found = outcome(channel, service, batch)
            assert (found == REFUSED) == (measure == REFUSED), (
                runtime,
                channel.name,
                "in a batch",
                row,
                found,
                measure,
            )
            if found != REFUSED:
                wanted = [*known[:place], measure, *known[place:]]
                assert all(map(same, found, wanted)), (runtime, channel.name, "in a batch", row, found, wanted)
    require_scikit_learn(name, row, measure)


def require_scikit_learn(name, row, measure):
    """Ask the estimator itself about a row that was answered."""
    if measure == REFUSED:
        return
    trusted = estimator(name)
    reader = served(name, "scikit-learn").model.reader
    try:
        wanted = trusted.predict(reader([row])).tolist()[0]
    except (SignatureError, RefusedRow, ValueError) as refusal:
        pytest.fail(f"{name}: answered {measure} for {row}, and scikit-learn raises {refusal}")
    assert same(measure, wanted), (name, "scikit-learn", row, measure, wanted)


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=10, derandomize=True)
@given(data=st.data())
def test_a_hostile_row_has_one_outcome_everywhere(name, data):
    row, size = data.draw(hostile_rows(name)), data.draw(st.sampled_from(SIZES[:2]))
    runtimes = "compact", data.draw(st.sampled_from(RUNTIMES[1:]))
    require_agreement(name, row, data.draw(st.integers(0, size - 1)), size, runtimes)


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=60, derandomize=True)
@given(data=st.data())
def test_many_hostile_rows_have_one_outcome_everywhere(name, data):
    row, size = data.draw(hostile_rows(name)), data.draw(st.sampled_from(SIZES))
    require_agreement(name, row, data.draw(st.integers(0, size - 1)), size)


@pytest.mark.parametrize("name", MODELS)
def test_each_hostile_value_is_answered_as_scikit_learn_answers_it_or_not_at_all(name):
    """Every value once in the first number and the first text, by the first channel and every runtime."""
    texts = served(name, "compact").texts
    for feature in [*[n for n in usual(name)[0] if n not in texts][:1], *sorted(texts)[:1]]:
        for value in HOSTILE:
            row = usual(name)[0] | {feature: value}
            if all(type(cell) is list for cell in row.values()):
                continue
            found = [alone(ways(name)[0], served(name, runtime), row) for runtime in RUNTIMES]
            assert all(same(each, found[0]) for each in found), (row, found)
            require_scikit_learn(name, row, found[0])


def test_answers_are_the_same_up_to_rounding():
    assert same(1.0, 1.0000001)
    for one, other in ((1.0, 1.1), (REFUSED, 1), ("no", "yes"), (True, "yes")):
        assert not same(one, other)

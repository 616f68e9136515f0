"""No caller takes memory, threads or probes from the others; `python -m tests.hostile_callers` prints the table."""

import pytest

from tests.hostile_callers import run
from tests.hostile_callers.conftest import SEARCH_SECONDS, SEED
from tests.hostile_callers.report import HEAD

pytestmark = [pytest.mark.alone, pytest.mark.timeout(900)]


def verdict(rows):
    """Print the table, and fail with the cases that are not allowed."""
    rows = list(rows)
    print(HEAD, *rows, sep="\n")
    assert rows
    bad = [str(row) for row in rows if row.faults]
    assert not bad, "\n".join([HEAD, *bad])


def test_no_body_that_was_searched_for_costs_too_much(searched):
    verdict(searched[0])


def test_the_worst_bodies_alone_at_once_and_mixed_stay_within_the_budget(packed_bundles, searched):
    verdict(run.overload(packed_bundles, searched[1], SEED, SEARCH_SECONDS))


def test_honest_large_bodies_are_answered_by_every_protocol(packed_bundles):
    verdict(run.honestly(packed_bundles))


def test_no_connection_holds_what_others_need(packed_bundles):
    verdict(run.connecting(packed_bundles))


def test_without_a_key_nothing_but_the_head_is_read(packed_bundles, searched):
    verdict(run.unauthenticated(packed_bundles, searched[1]))

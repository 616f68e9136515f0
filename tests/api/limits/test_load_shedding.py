"""More than can be answered: some are refused with the time to come again, health stays green, and it ends."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.errors import ApiError
from api.limits.concurrency_limit import ConcurrencyLimit
from api.limits.load_shedding import LoadShedder
from tests.helpers.server import fetch, running
from tests.helpers.waiting import until

ROW = b'{"X":[5.1,3.5,1.4,0.2]}'
ROWS = json.dumps({"X": [[5.1, 3.5, 1.4, 0.2]] * 20_000}).encode()


def test_the_second_long_wait_in_a_row_counts():
    load = LoadShedder(1.0, ConcurrencyLimit(lambda: 0, lambda: 0))
    for waits, overloaded in (
        ([0.9], False),
        ([1.5], False),
        ([1.5, 0.9, 1.5], False),
        ([1.5, 1.5], True),
        ([0.9], False),
    ):
        for seconds in waits:
            load.record_wait(seconds)
        assert load.overloaded is overloaded
    load.require_capacity()
    load.overloaded = True
    with pytest.raises(ApiError, match="try again"):
        load.require_capacity()


def test_overload_is_shed_and_passes():
    # Two threads, so that requests have to queue on a quick machine too.
    settings = {"model": "iris", "threads": 2, "max_queue_seconds": 0.05, "log_level": "error"}
    with running(**settings) as server, ThreadPoolExecutor(40) as callers:

        def overload():
            found = list(callers.map(lambda _: fetch(f"{server.url}/score", ROWS), range(120)))
            return found if any(answer.status == 503 for answer in found) else None

        found = until(overload, "some requests are refused")
        assert {answer.status for answer in found} == {200, 503}
        assert {answer.headers["retry-after"] for answer in found if answer.status == 503} == {"1"}
        assert fetch(f"{server.url}/readyz").status == 200
        # Without further load it ends by itself.
        until(lambda: fetch(f"{server.url}/score", ROW).status == 200, "the overload ends")
        metrics = fetch(f"{server.admin}/metrics").body.decode()
        assert 'requests_rejected_total{reason="overloaded",route="/score"}' in metrics

"""More than can be answered: some are turned away and told when to come again, health stays green, and it ends."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.errors import ApiError
from api.limits.load_shedding import LoadShedder
from tests.api.conftest import fetch, running

ROWS = json.dumps({"X": [[5.1, 3.5, 1.4, 0.2]] * 20_000}).encode()


def test_the_second_long_wait_in_a_row_counts():
    load = LoadShedder(1.0)
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
    with running(model="iris", max_queue_seconds=0.2, log_level="error") as server, ThreadPoolExecutor(40) as callers:
        while True:
            found = list(callers.map(lambda _: fetch(f"{server.url}/score", ROWS), range(120)))
            if any(answer.status == 503 for answer in found):
                break
        counts = Counter(answer.status for answer in found)
        assert set(counts) == {200, 503}
        assert {answer.headers["retry-after"] for answer in found if answer.status == 503} == {"1"}
        assert fetch(f"{server.url}/readyz").status == 200
        # Nobody asks any more, so it ends by itself.
        while fetch(f"{server.url}/score", b'{"X":[5.1,3.5,1.4,0.2]}').status == 503:
            pass
        metrics = fetch(f"{server.admin}/metrics").body.decode()
        assert 'requests_rejected_total{reason="overloaded",route="/score"}' in metrics

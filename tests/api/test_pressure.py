"""More than can be answered: some are turned away and told when to come again, health stays green, and it ends."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.errors import ApiError
from api.pressure import Pressure
from tests.api.conftest import fetch, running
from tests.conftest import until

ROWS = json.dumps({"X": [[5.1, 3.5, 1.4, 0.2]] * 20_000}).encode()


def test_the_second_long_wait_in_a_row_counts():
    pressure = Pressure(1.0)
    for waits, late in (([0.9], False), ([1.5], False), ([1.5, 0.9, 1.5], False), ([1.5, 1.5], True), ([0.9], False)):
        for seconds in waits:
            pressure.felt(seconds)
        assert pressure.late is late
    pressure.admit()
    pressure.late = True
    with pytest.raises(ApiError, match="try again"):
        pressure.admit()


def test_overload_is_shed_and_passes():
    # Two threads for forty callers: however quick the machine is, most of them wait.
    settings = {"model": "iris", "threads": 2, "patience": 0.1, "log_level": "error"}
    with running(**settings) as server, ThreadPoolExecutor(40) as callers:

        def ask_too_much():
            found = list(callers.map(lambda _: fetch(f"{server.url}/score", ROWS), range(120)))
            return found if any(answer.status == 503 for answer in found) else None

        found = until(ask_too_much, "a request is refused", 60)
        assert {answer.status for answer in found} == {200, 503}
        assert {answer.headers["retry-after"] for answer in found if answer.status == 503} == {"1"}
        assert fetch(f"{server.url}/readyz").status == 200
        # Nobody asks any more, so it ends by itself.
        until(lambda: fetch(f"{server.url}/score", b'{"X":[5.1,3.5,1.4,0.2]}').status == 200, "calm again", 20)
        metrics = fetch(f"{server.admin}/metrics").body.decode()
        assert 'requests_rejected_total{reason="overloaded",route="/score"}' in metrics

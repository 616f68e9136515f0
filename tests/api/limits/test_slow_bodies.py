"""Which bodies take too long: the limit is short while nearly all threads are reading."""

import pytest

from api.limits import slow_bodies
from api.limits.request_bodies import RequestBodies
from api.limits.slow_bodies import CROWDED_SECONDS, SlowBodies


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(slow_bodies, "monotonic", lambda: now[0])
    return now


def reading(bodies, number, since):
    bodies._reading = {thread: (since, f"10.0.0.{thread}") for thread in range(number)}


def test_a_body_is_overdue_after_the_timeout(clock):
    bodies = RequestBodies(100)
    slow = SlowBodies(bodies, threads=32, timeout=20.0)
    reading(bodies, 3, 981.0)
    assert slow.overdue() == []
    clock[0] += 2
    assert slow.overdue() == [(981.0, f"10.0.0.{thread}") for thread in range(3)]
    assert not slow.crowded_since(0.0)


@pytest.mark.parametrize(("number", "crowded"), [(27, False), (28, True), (31, True)])
def test_the_limit_is_short_while_hardly_a_thread_is_left(number, crowded, clock):
    bodies = RequestBodies(100)
    slow = SlowBodies(bodies, threads=32, timeout=20.0)
    reading(bodies, number, clock[0] - CROWDED_SECONDS - 0.1)
    assert len(slow.overdue()) == (number if crowded else 0)
    assert slow.crowded_since(clock[0] - 1) is crowded
    assert not slow.crowded_since(clock[0] + 1)

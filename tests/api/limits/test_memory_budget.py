"""The memory budget: what is taken is given back, who cannot have it is refused, and its size follows the limit."""

from threading import Thread

import pytest

from api.errors import ApiError
from api.limits.memory_budget import UNLIMITED, MemoryBudget, budget_size
from api.limits.waiting_room import WaitingRoom
from tests.helpers.waiting import until

MEGABYTE = 1 << 20


def refusal(budget, cost, **more):
    with pytest.raises(ApiError) as caught:
        budget.acquire(cost, **more)
    return int(caught.value.status), caught.value.code


def message(budget, cost, **more):
    with pytest.raises(ApiError) as caught:
        budget.acquire(cost, **more)
    return caught.value.message


def test_a_request_that_never_fits_and_one_that_does_not_fit_now():
    budget = MemoryBudget(10, WaitingRoom(4))
    assert refusal(budget, 11) == (413, "too_much_memory")
    budget.acquire(10)
    assert refusal(budget, 1, wait=0.01) == (503, "busy")
    budget.release(10)
    budget.acquire(1, wait=0)
    assert budget.used == 1


def test_few_wait_and_others_are_refused_at_once():
    budget = MemoryBudget(10, WaitingRoom(2))
    budget.acquire(10)
    waiting = [Thread(target=lambda: (budget.acquire(1, wait=20), budget.release(1))) for _ in range(2)]
    for each in waiting:
        each.start()
    # Each refusal but the last is of a thread that does not wait yet.
    until(lambda: "many requests wait" in message(budget, 1, wait=0.001), "both places are taken")
    budget.release(10)
    for each in waiting:
        each.join()
    budget.acquire(10, wait=0)


def test_a_request_waits_for_others():
    budget, done = MemoryBudget(10, WaitingRoom(4)), []
    budget.acquire(8)
    waiting = [Thread(target=lambda: (budget.acquire(5, wait=20), done.append(1), budget.release(5))) for _ in range(4)]
    for each in waiting:
        each.start()
    budget.release(8)
    until(lambda: len(done) == 4, "all have had their turn")
    for each in waiting:
        each.join()
    assert budget.used == 0


def test_the_budget_is_what_the_limit_leaves():
    assert budget_size(None, 0) == UNLIMITED
    small, large = (budget_size(limit * MEGABYTE, 80 * MEGABYTE) for limit in (256, 1024))
    assert 60 * MEGABYTE < small < 256 * MEGABYTE * 0.9 - 80 * MEGABYTE
    assert large > small + 600 * MEGABYTE
    assert budget_size(64 * MEGABYTE, 80 * MEGABYTE) > 0

"""The memory budget: what is taken is given back, who cannot have it is refused, and its size follows the limit."""

from threading import Thread

import pytest

from api.errors import ApiError
from api.limits.memory_budget import UNLIMITED, MemoryBudget, budget_size
from tests.helpers.waiting import until

MEGABYTE = 1 << 20


def refusal(budget, cost, **more):
    with pytest.raises(ApiError) as caught:
        budget.acquire(cost, **more)
    return int(caught.value.status), caught.value.code


def test_a_request_that_never_fits_and_one_that_does_not_fit_now():
    budget = MemoryBudget(10)
    assert refusal(budget, 11) == (413, "too_much_memory")
    budget.acquire(10)
    assert refusal(budget, 1, wait=0.01) == (503, "busy")
    budget.release(10)
    budget.acquire(1, wait=0)
    assert budget.used == 1


def test_a_request_waits_for_others():
    budget, done = MemoryBudget(10), []
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

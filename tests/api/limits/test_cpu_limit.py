"""The limit of requests in flight: it follows the CPU time of a request, and what is above it is refused at once."""

import pytest

from api.limits.cpu_limit import LEAST, TARGET_SECONDS, CpuLimit


class Process:
    """A process whose requests take so much CPU time, sampled as often as is asked."""

    def __init__(self):
        self.in_flight = self.reading = self.taken = 0
        self.cpu = 0.0
        self.limit = CpuLimit(lambda: self.in_flight, lambda: self.reading, lambda: self.taken)

    def answer(self, cpu_of_request, samples=1000):
        for _ in range(samples):
            self.taken += 1
            self.cpu += cpu_of_request
            self.limit.sample(self.cpu, self.taken)


@pytest.fixture
def process():
    return Process()


@pytest.mark.parametrize("cpu_of_request", [0.00005, 0.001, 0.1])
def test_what_is_in_flight_needs_no_more_than_the_target(process, cpu_of_request):
    process.answer(cpu_of_request)
    expected = max(LEAST, TARGET_SECONDS / cpu_of_request)
    for in_flight, full in ((int(expected * 0.9), False), (int(expected * 1.1) + 1, True)):
        process.in_flight = in_flight
        process.limit.sample(process.cpu, process.taken)
        assert process.limit.is_full(has_body=False) is full


def test_it_follows_when_requests_become_larger(process):
    process.answer(0.0005)
    process.answer(0.005)
    assert process.limit.limit == pytest.approx(TARGET_SECONDS / 0.005, rel=0.05)


def test_an_idle_process_keeps_its_limit_though_it_needs_some_cpu(process):
    process.answer(0.0005)
    before = process.limit.limit
    for _ in range(10_000):
        process.cpu += 0.0001
        process.limit.sample(process.cpu, process.taken)
    assert process.limit.limit == before


def test_nothing_is_refused_before_something_was_measured(process):
    process.in_flight = 200
    process.limit.sample(1.0, 0)
    assert not process.limit.is_full(has_body=False)


def test_slow_senders_keep_nobody_out_unless_the_cpu_is_busy_too(process):
    process.answer(0.1)
    process.in_flight, process.reading = 10 * LEAST, 9 * LEAST
    assert not process.limit.is_full(has_body=False)
    process.reading -= 1
    assert process.limit.is_full(has_body=True)
    process.reading += 1
    assert process.limit.is_full(has_body=False)
    assert not process.limit.is_full(has_body=True)

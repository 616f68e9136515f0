"""The limit of requests in flight: it follows the CPU time of a request, and what is above it is refused at once."""

import pytest

from api.limits.concurrency_limit import LEAST, TARGET_SECONDS, ConcurrencyLimit


class Process:
    """A process whose requests take so much CPU time."""

    def __init__(self, **options):
        self.in_flight = self.reading = 0
        self.limit = ConcurrencyLimit(lambda: self.in_flight, lambda: self.reading, **options)

    def answer(self, *seconds):
        for each in seconds:
            self.limit.record(each)

    def refuses(self, in_flight, reading=0, *, has_body=False):
        self.in_flight, self.reading = in_flight, reading
        return self.limit.is_exceeded(has_body=has_body)


@pytest.mark.parametrize("cpu_of_request", [0.00005, 0.001, 0.1])
def test_what_is_in_flight_needs_no_more_than_the_target(cpu_of_request):
    process = Process()
    process.answer(*[cpu_of_request] * 40)
    expected = max(LEAST, TARGET_SECONDS / cpu_of_request)
    assert not process.refuses(int(expected * 0.9))
    assert process.refuses(int(expected * 1.1) + 1)


def test_it_follows_when_requests_become_larger():
    process = Process()
    process.answer(*[0.0005] * 40)
    assert not process.refuses(100)
    process.answer(*[0.005] * 40)
    assert process.refuses(100)


def test_the_request_that_opened_the_model_does_not_count():
    process = Process()
    process.answer(2.0, *[0.001] * 5)
    assert not process.refuses(50)


def test_nothing_is_refused_before_something_was_measured_nor_where_shedding_is_disabled():
    assert not Process().refuses(200)
    disabled = Process(enabled=False)
    disabled.answer(*[1.0] * 40)
    assert not disabled.refuses(200)


def test_slow_senders_keep_nobody_out_unless_the_cpu_is_busy_too():
    process = Process()
    process.answer(*[0.1] * 40)
    assert not process.refuses(10 * LEAST, reading=9 * LEAST)
    assert process.refuses(10 * LEAST, reading=9 * LEAST - 1, has_body=True)
    assert process.refuses(10 * LEAST, reading=9 * LEAST)
    assert not process.refuses(10 * LEAST, reading=9 * LEAST, has_body=True)

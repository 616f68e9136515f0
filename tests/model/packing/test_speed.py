"""Quick calls are measured as quick, whatever else the machine does."""

from model.packing.speed import least_times


def test_a_call_is_distinguished_from_one_that_takes_five_times_as_long():
    calls = {"five times": lambda: sum(range(2500)), "once": lambda: sum(range(500))}
    for _ in range(3):
        times = least_times(calls)
        assert times["once"] < times["five times"] < 10 * times["once"]

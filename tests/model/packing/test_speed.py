"""Forms are told apart by what they take, whatever clocks a machine has."""

from time import process_time

import pytest

from model.packing import speed


@pytest.fixture
def _fresh_clock():
    speed._clock.cache_clear()
    yield
    speed._clock.cache_clear()


@pytest.mark.parametrize("step", [1e-9, 0.01])
@pytest.mark.usefixtures("_fresh_clock")
def test_a_coarse_clock_of_the_cpu_decides_nothing(step, monkeypatch):
    """Sandboxes have clocks that go on by 10 ms: a turn takes nothing by them, or ten times too much."""
    monkeypatch.setattr(speed, "process_time", lambda: process_time() // step * step)
    calls = {"once": lambda: sum(range(500)), "five times": lambda: sum(range(2500))}
    for _ in range(3):
        times = speed.least_times(calls)
        assert times["once"] < times["five times"] < 10 * times["once"]

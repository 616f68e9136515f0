"""Ask a server for up to five times of what it can answer, with and without load shedding: draws docs/overload.svg.

Run: python -m benchmarks.overload. Requests of 5,000 rows; callers that do not wait for each other; one core is the
server's.
"""

from __future__ import annotations

import os
from time import sleep

from benchmarks.arena import HERE
from benchmarks.chart import curves
from loadtest.callers import Callers
from tests.helpers.server import running
from tools.rollout.overload import FEW, MANY, ROWS, apart

SECONDS = float(os.environ.get("SECONDS_EACH", "10"))
LOADS = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0)
SHEDDING = {"with load shedding": "1", "without (MAX_QUEUE_SECONDS=0)": "0"}


def asked(url: str, rate: float, callers: int) -> tuple[float, float]:
    """Return how many answers a second there were, and the 99th percentile in ms."""
    found = Callers(url, ROWS, rate, callers)
    sleep(SECONDS)
    outcome = found.stop()
    return (outcome["requests"] - outcome["lost"]) / outcome["seconds"], outcome["p99_since_sent_ms"]


def main() -> None:
    """Measure both servers at each load, and draw the 99th percentiles of what was accepted."""
    drawn: dict[str, list[tuple[float, float]]] = {}
    for name, seconds in SHEDDING.items():
        for load in LOADS:
            with (
                apart() as command,
                running(*command, model="iris", log_level="error", max_queue_seconds=seconds) as it,
            ):
                capacity, calm = asked(f"{it.url}/score", 10_000, FEW)
                rate, p99 = asked(f"{it.url}/score", load * capacity, MANY)
            print(f"{name}, {load}x: p99 {p99:,.0f} ms, {p99 / calm:.1f} of calm, {rate / capacity:.0%} of capacity")
            drawn.setdefault(name, []).append((load, p99))
    (HERE / "docs" / "overload.svg").write_text(
        curves("p99 of the accepted requests in ms, by load as a multiple of capacity", drawn)
    )


if __name__ == "__main__":
    main()

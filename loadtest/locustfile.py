"""The monitoring tutorial's mix of requests: of a hundred, 92 rows to predict, 3 tests and 5 that are wrong.

`make load` runs it without a page and leaves a report; locust -f loadtest/locustfile.py has a page. The rows follow
what the served model says of itself, so any bundle can be loaded. RATE is how often a caller asks in a second; the
run fails if more than FAILURES of the requests fail, or if a hundredth of them takes longer than P99 milliseconds.
"""

from __future__ import annotations

import os
import random
from typing import Any

from locust import FastHttpUser, constant_throughput, events, task
from locust.env import Environment

KEY = os.environ.get("API_KEY", "")
RATE, FAILURES, P99 = (float(os.environ.get(name, low)) for name, low in (("RATE", 10), ("FAILURES", 0), ("P99", 250)))


def typical(schema: dict[str, Any]) -> dict[str, Any]:
    """Return one row within what training saw, from the schema of a named row."""
    return {name: random.choice(each["examples"]) for name, each in schema["properties"].items()}  # noqa: S311


@events.quitting.add_listener
def judge(environment: Environment, **_: Any) -> None:
    """End with an error if too much failed, or too slowly."""
    total = environment.stats.total
    slowest = total.get_response_time_percentile(0.99) or 0
    said = [
        f"{total.fail_ratio:.2%} of the requests failed" if total.fail_ratio > FAILURES else "",
        f"a hundredth of the answers took longer than {slowest:.0f} ms" if slowest > P99 else "",
        "" if total.num_requests else "nothing was asked",
    ]
    if any(said):
        print("error: " + "; ".join(filter(None, said)))  # noqa: T201
        environment.process_exit_code = 1


class Caller(FastHttpUser):
    """One caller that keeps its connection."""

    wait_time = constant_throughput(RATE)

    def on_start(self) -> None:
        """Learn what the default model takes."""
        document = self.client.get("/openapi.json").json()
        first = next(iter(self.client.get("/readyz").json()["models"]))
        self.row = typical(document["components"]["schemas"][f"{first}.record"])
        self.headers = {"X-API-Key": KEY} if KEY else {}

    @task(92)
    def predict(self) -> None:
        """Ask for one prediction."""
        self.client.post("/predict", json={"data": [self.row]}, headers=self.headers)

    @task(3)
    def test(self) -> None:
        """Ask whether the server runs."""
        self.client.get("/test")

    @task(5)
    def wrong(self) -> None:
        """Send a row that no model takes, which must be refused and nothing else."""
        with self.client.post("/predict", json={"data": [{}]}, headers=self.headers, catch_response=True) as answer:
            if answer.status_code in (400, 422):
                answer.success()
            else:
                answer.failure(f"expected a refusal, got {answer.status_code}")

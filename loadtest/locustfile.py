"""The monitoring tutorial's mix of requests: of a hundred, 92 rows to predict, 3 tests and 5 that are wrong.

`make load` runs it without a page and leaves a report; locust -f loadtest/locustfile.py has a page, and so has the
component load-test in a cluster. The rows follow what the served model says of itself, so any bundle can be loaded.
RATE is how often a caller asks in a second. STEADY is how often all of them ask together: then there are as many as
that takes, at moments drawn beforehand, so that a slow answer makes nobody ask less. The run fails if more than
FAILURES of the requests fail, or if a hundredth of them takes longer than P99 milliseconds.
"""

from __future__ import annotations

import os
import random
from math import ceil
from time import perf_counter
from typing import Any

import gevent
from locust import FastHttpUser, LoadTestShape, constant_throughput, events, task
from locust.env import Environment
from locust.runners import WORKER_REPORT_INTERVAL, WorkerRunner

KEY = next(iter(os.environ.get("API_KEY", "").split()), "")
RATE, STEADY, FAILURES, P99 = (
    float(os.environ.get(name, low)) for name, low in (("RATE", 10), ("STEADY", 0), ("FAILURES", 0), ("P99", 250))
)
CALLERS = ceil(STEADY / RATE)
REQUESTS_PER_CONNECTION = 30


def typical(schema: dict[str, Any]) -> dict[str, Any]:
    """Return one row within what training saw, from the schema of a named row."""
    return {name: random.choice(each["examples"]) for name, each in schema["properties"].items()}  # noqa: S311


def until_due(caller: Caller) -> float:
    """Return the seconds to a caller's next moment; moments that a slow answer ate are made up for."""
    caller.due += random.expovariate(STEADY / CALLERS)
    return max(0.0, caller.due - perf_counter())


@events.quitting.add_listener
def judge(environment: Environment, **_: Any) -> None:
    """Say whether the run was good, and end with an error if too much failed, or too slowly."""
    if isinstance(environment.runner, WorkerRunner):
        return  # it has seen its own part only
    total = environment.stats.total
    slowest = total.get_response_time_percentile(0.99) or 0
    problems = [
        f"{total.fail_ratio:.2%} of the requests failed" if total.fail_ratio > FAILURES else "",
        f"a hundredth of the answers took longer than {slowest:.0f} ms" if slowest > P99 else "",
        "" if total.num_requests else "nothing was asked",
        *(f"a caller broke: {each['msg']}" for each in environment.runner.exceptions.values()),
    ]
    environment.process_exit_code = int(any(problems))
    bad = "; ".join(filter(None, problems))
    print(f"error: {bad}" if bad else f"good: {total.num_requests} requests, p99 {slowest:.0f} ms")  # noqa: T201


@events.test_stop.add_listener
def judge_soon(environment: Environment, **_: Any) -> None:
    """Say it too when a run ends and the page stays, as soon as every worker has reported its last requests."""
    gevent.spawn_later(WORKER_REPORT_INTERVAL + 1, judge, environment)


class Steady(LoadTestShape):
    """The callers that STEADY takes, all at once, until the time is over."""

    abstract = not STEADY
    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        """Return how many callers there should be, and how many may come in a second."""
        limit = self.runner.environment.parsed_options.run_time
        return None if limit and self.get_run_time() > limit else (CALLERS, CALLERS)


class Caller(FastHttpUser):
    """One caller that keeps a connection for some dozens of requests, so that pods which come later are asked too."""

    wait_time = until_due if STEADY else constant_throughput(RATE)

    def on_start(self) -> None:
        """Learn what the default model takes."""
        document = self.client.get("/openapi.json").json()
        first = next(iter(self.client.get("/readyz").json()["models"]))
        self.row = typical(document["components"]["schemas"][f"{first}.record"])
        self.headers = {"X-API-Key": KEY} if KEY else {}
        self.due = perf_counter()

    @task(92)
    def predict(self) -> None:
        """Ask for one prediction, now and then over a new connection."""
        if random.random() < 1 / REQUESTS_PER_CONNECTION:  # noqa: S311
            self.client.client.close()
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

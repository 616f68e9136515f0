"""The monitoring tutorial's mix of requests: of a hundred, 92 rows to predict, 3 tests and 5 that are wrong.

Run: locust -f loadtest/locustfile.py --host http://ADDRESS:5000, which has a web page. The rows follow what the served
model says of itself, so any bundle can be loaded.
"""

from __future__ import annotations

import os
import random
from typing import Any

from locust import FastHttpUser, constant, task

KEY = os.environ.get("API_KEY", "")


def typical(schema: dict[str, Any]) -> dict[str, Any]:
    """Return one row within what training saw, from the schema of a named row."""
    return {name: random.choice(each["examples"]) for name, each in schema["properties"].items()}  # noqa: S311


class Caller(FastHttpUser):
    """One caller that keeps its connection."""

    wait_time = constant(float(os.environ.get("WAIT", "0.1")))

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

"""What services are asked in a bad week, within minutes: typical rows, wrong ones, a shift, and feedback."""

import json
import random
from importlib import import_module
from time import monotonic, sleep

from tests.helpers.server import fetch

MODELS = ("iris", "wine", "purchase", "churn")
PAUSE = 0.05
SHIFT, WRONG = 0.55, (0.4, 0.6)
"""From which share of the time on rows are shifted, and between which many are wrong."""


def samples():
    """Return each model's rows, with what is true of them."""
    for name in MODELS:
        found = import_module(f"model.packing.datasets.{name}").sample_model(None)
        rows = json.loads(found.rows.to_json(orient="records"))
        yield name, list(zip(rows, json.loads(found.target.to_json(orient="records")), strict=True))


def shifted(name, row):
    """Return a row as it would be if the world had moved on."""
    if name == "iris":
        return row | {"sepal_width": row["sepal_width"] + 1.5}
    return row | {"tenure_months": (row["tenure_months"] or 0) + 60} if name == "churn" else row


class Load:
    """Callers of every model, who are given a share of the time."""

    def __init__(self, services, seconds):
        self.services, self.seconds, self.draw = services, seconds, random.Random(1)
        self.known = dict(samples())

    def run(self):
        start = monotonic()
        while (past := (monotonic() - start) / self.seconds) < 1:
            self.once(past)
            sleep(PAUSE * (1.5 - past))

    def once(self, past):
        service, name = self.draw.choice(self.services), self.draw.choices(MODELS, (5, 2, 2, 3))[0]
        picked = self.draw.choices(self.known[name], k=self.draw.choice((1, 1, 1, 5, 20)))
        rows = [shifted(name, row) if past > SHIFT else row for row, _ in picked]
        if self.draw.random() < (0.3 if WRONG[0] < past < WRONG[1] else 0.03):
            rows[0] = self.draw.choice(({}, dict.fromkeys(rows[0], "wrong"), "wrong"))
        answer = fetch(*self.asked(service, name, rows))
        if answer.status == 200 and self.draw.random() < 0.5:
            feedback = {"request_id": answer.headers["x-request-id"], "truth": [truth for _, truth in picked]}
            fetch(f"{service.url}/feedback", json.dumps(feedback).encode())

    def asked(self, service, name, rows):
        """Return an address and a body: each model's own path, or one of those of the first."""
        ways = {f"/v1/models/{name}:predict": "instances"}
        if name == MODELS[0]:
            ways |= {"/score": "X", "/predict": "data", "/invocations": "dataframe_records"}
        path, key = self.draw.choice(list(ways.items()))
        return service.url + path, json.dumps({key: rows}).encode(), {"Content-Type": "application/json"}

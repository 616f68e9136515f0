"""The service level objectives of one environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.telemetry.bounds import LATENCY


@dataclass(frozen=True)
class Drift:
    """When drift from the training data raises an alert."""

    warn: float
    alert: float
    window: str
    lasting: str
    """How long the drift must last before the alert fires."""
    min_rows: int
    """Fewer rows than this in the window prove nothing."""


@dataclass(frozen=True)
class Slo:
    """Objectives as the shares of requests that may miss them."""

    namespace: str
    errors: float
    """The share of requests that may be answered with 5xx."""
    slow: float
    """The share of requests that may take longer than `seconds`."""
    seconds: float
    drift: Drift

    def allowed(self, objective: str) -> float:
        """Return the share of requests that may miss an objective, `errors` or `slow`."""
        return self.errors if objective == "errors" else self.slow


def parse(namespace: str, found: dict[str, Any]) -> Slo:
    """Return the objectives that the `slo` of an environment declares; ValueError if they cannot be measured."""
    latency, drift = found["latency"], found["drift"]
    if latency["seconds"] not in LATENCY:
        raise ValueError(f"latency: {latency['seconds']} is no bound of the histogram: {LATENCY}")
    errors, slow = (round(1 - percent / 100, 6) for percent in (found["availability"], latency["percent"]))
    limits = Drift(*(drift[key] for key in ("warn", "alert", "window", "for", "min_rows")))
    return Slo(namespace, errors, slow, float(latency["seconds"]), limits)

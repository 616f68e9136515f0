"""What each environment promises: slo.yaml, checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from api.telemetry.histogram import LATENCY

FILE = Path(__file__).with_name("slo.yaml")


@dataclass(frozen=True)
class Promise:
    """One environment's objectives, as shares that may fail."""

    environment: str
    release: str
    """The Helm release whose Prometheus is to look at this."""
    errors: float
    slow: float
    within: float
    warn: float
    alert: float
    window: str
    lasting: str
    """For how long drift must last before it is told."""
    rows: int

    @property
    def namespace(self) -> str:
        """Return where it runs."""
        return f"mlops-{self.environment}"


def promises(file: Path = FILE) -> list[Promise]:
    """Read every environment's objectives."""
    found = yaml.safe_load(file.read_text())
    return [_promise(name, str(found["release"]), each) for name, each in found["environments"].items()]


def _promise(name: str, release: str, found: dict[str, Any]) -> Promise:
    latency, drift = found["latency"], found["drift"]
    if latency["within"] not in LATENCY:
        raise SystemExit(f"error: {name}: {latency['within']} is no bound of the histogram: {LATENCY}")
    errors, slow = (round(1 - share / 100, 6) for share in (found["availability"], latency["per cent"]))
    told = (drift[key] for key in ("warn", "alert", "window", "for", "rows"))
    return Promise(name, release, errors, slow, latency["within"], *told)

"""Errors within one series of a model's metrics: the series is left out and counted; all others are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from api.telemetry.logs import Log

Result = TypeVar("Result")


class SeriesGuard:
    """Run what counts or exposes a series, and record what fails."""

    def __init__(self, log: Log) -> None:
        self.errors: Counter[tuple[str, str]] = Counter()
        """How often a series failed, by model and series."""
        self._log = log

    def run(self, model: str, series: str, function: Callable[[], Result]) -> Result | None:
        """Return what a function returns, or None if it fails; the first failure of a series is logged."""
        try:
            return function()
        except Exception as error:  # noqa: BLE001 - a fault in one series must cost neither an answer nor other series
            self.errors[model, series] += 1
            if self.errors[model, series] == 1:
                facts = {"model": model, "series": series[:80], "error": type(error).__name__}
                self._log.write("error", "metrics_error", **facts, reason=" ".join(str(error).split())[:200])
            return None

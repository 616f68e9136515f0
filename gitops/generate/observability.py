"""Alert rules of each environment, the ServiceMonitor and the dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gitops.environments import Environments
from gitops.generate.yaml_output import yaml_text
from monitoring.dashboard import dashboard
from monitoring.operator import prometheus_rule, service_monitor

COMPONENT = Path("components") / "monitoring"
MIN_ROWS = 500
"""For the dashboard, if no environment has an SLO."""


def files(environments: Environments) -> Iterator[tuple[Path, str]]:
    """Yield each file with its content."""
    release = environments.prometheus_release
    yield COMPONENT / "monitor.yaml", yaml_text(service_monitor(release))
    yield COMPONENT / "model.json", dashboard(min_rows(environments))
    for each in environments.all:
        if each.slo:
            yield Path("overlays") / each.name / "alerts.yaml", yaml_text(prometheus_rule(each.slo, release))


def min_rows(environments: Environments) -> int:
    """Return the rows from which on the dashboard shows drift: the least of all environments."""
    return min((each.slo.drift.min_rows for each in environments.all if each.slo), default=MIN_ROWS)

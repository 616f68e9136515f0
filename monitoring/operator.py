"""The objects that the Prometheus operator reads."""

from __future__ import annotations

from typing import Any

from monitoring.rules import groups
from monitoring.slo import Slo

Object = dict[str, Any]


def prometheus_rule(slo: Slo, release: str) -> Object:
    """Return an environment's rules for the Prometheus of this Helm release."""
    return _object("PrometheusRule", release, {"groups": groups(slo)})


def service_monitor(release: str) -> Object:
    """Return which metrics the Prometheus of this Helm release scrapes."""
    endpoint = {"port": "admin", "path": "/metrics", "interval": "15s", "scrapeTimeout": "10s"}
    selector = {"matchLabels": {"app": "score-app", "purpose": "metrics"}}
    return _object("ServiceMonitor", release, {"selector": selector, "endpoints": [endpoint]})


def _object(kind: str, release: str, spec: Object) -> Object:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": kind,
        "metadata": {"name": "score-app", "labels": {"app": "score-app", "release": release}},
        "spec": spec,
    }

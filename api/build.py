"""Put a server together from its settings and its models."""

from __future__ import annotations

from collections.abc import Sequence

from api.app import create_app
from api.endpoints import lanes
from api.fastlane import FastLane
from api.logs import Log
from api.metrics import Meters
from api.scoring import Models
from api.service import Service
from api.settings import Settings
from model.runtime import Model


def build(settings: Settings, models: Sequence[Model], log: Log | None = None) -> tuple[FastLane, Service]:
    """Return the WSGI application, and the service behind it."""
    meters = Meters(models)
    served = Models(models, settings.max_rows, meters)
    service = Service(settings, served, meters, log or Log(settings.log_level))
    app = create_app(service)
    return FastLane(app.wsgi_app, service, dict(lanes(served))), service

"""Put a server together from its settings and its models."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from api.endpoints import lanes
from api.fastlane import FastLane, OnFirstUse, Wsgi
from api.feedback import Memory
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
    if settings.feedback:
        served.memory = Memory(settings.feedback)
    service = Service(settings, served, meters, log or Log(settings.log_level))
    return FastLane(OnFirstUse(partial(_flask, service)), service, lanes(served)), service


def _flask(service: Service) -> Wsgi:
    from api.app import create_app  # noqa: PLC0415 - loaded when something is asked that only Flask answers

    return create_app(service).wsgi_app

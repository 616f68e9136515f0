"""Put a server together from its settings and its models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from api.endpoints import lanes
from api.fastlane import FastLane, OnFirstUse, Wsgi
from api.feedback import Memory
from api.logs import Log
from api.metrics import Meters
from api.scoring import Models
from api.service import Service
from api.settings import Settings, SettingsError
from model.runtime.load import Model


def build(settings: Settings, models: Sequence[Model], log: Log | None = None) -> tuple[FastLane, Service]:
    """Return the WSGI application, and the service behind it."""
    log = log or Log(settings.log_level)
    make: Callable[..., Service] = Service
    if settings.otel_exporter_otlp_endpoint:
        from api.tracing import TracedModel, TracedService, Tracing  # noqa: PLC0415 - nothing of it costs who has none

        try:
            tracing = Tracing(log)
        except ValueError as error:
            raise SettingsError(f"one of the variables OTEL_*: {error}") from None
        models, make = [TracedModel(model, tracing) for model in models], partial(TracedService, tracing)
    meters = Meters(models)
    served = Models(models, settings.max_rows, meters)
    if settings.feedback:
        served.memory = Memory(settings.feedback)
    service = make(settings, served, meters, log)
    return FastLane(OnFirstUse(partial(_flask, service)), service, lanes(served)), service


def _flask(service: Service) -> Wsgi:
    from api.app import create_app  # noqa: PLC0415 - loaded when something is asked that only Flask answers

    return create_app(service).wsgi_app

"""The wiring: settings and models become a service, and the WSGI application in front of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from tempfile import TemporaryFile

from api.inference.ground_truth import GroundTruth
from api.inference.models import Models
from api.pipeline.service import Service
from api.settings import Settings, SettingsError
from api.telemetry.logs import Log
from api.telemetry.metrics import Metrics
from api.telemetry.prediction_log import PredictionLog
from api.transport.fast_path import FastPath
from api.transport.wsgi import LazyApplication, WsgiApplication
from model.runtime.base import Model
from model.segments import OTHERS


def build(settings: Settings, served: Sequence[Model], log: Log | None = None) -> tuple[FastPath, Service]:
    """Return the WSGI application, and the service behind it."""
    log = log or Log(settings.log_level)
    tracing = None
    if settings.otel_exporter_otlp_endpoint:
        from api.telemetry.tracing import Tracing  # noqa: PLC0415 - without an endpoint, OpenTelemetry is not loaded

        try:
            tracing = Tracing(log)
        except ValueError as error:
            raise SettingsError({"OTEL_*": f"one of the variables OTEL_*: {error}"}) from None
    metrics = Metrics(served, log)
    models = Models(served, settings.max_rows, metrics)
    if settings.feedback_capacity:
        models.ground_truth = GroundTruth(settings.feedback_capacity, metrics)
    metrics.prediction_log = models.prediction_log = _prediction_log(settings, served, log)
    service = Service(settings, models, metrics, log, tracing)
    return FastPath(LazyApplication(partial(_flask_application, service)), service), service


def _prediction_log(settings: Settings, served: Sequence[Model], log: Log) -> PredictionLog | None:
    """Return the prediction log, or None where there is no folder for it."""
    folder = settings.prediction_log
    if folder is None:
        return None
    known = {name for model in served for name in model.signature.names} | {OTHERS}
    if unknown := [name for name, _ in settings.prediction_log_fields if name not in known]:
        # A name that is misspelt would let the very values out that must not leave.
        text = f"PREDICTION_LOG_FIELDS names {unknown[0]!r}, which is a feature of none of the models that are served"
        raise SettingsError({"PREDICTION_LOG_FIELDS": text})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        text = f"PREDICTION_LOG {str(folder)!r}: cannot be written to: {error.strerror}"
        raise SettingsError({"PREDICTION_LOG": text}) from None
    return PredictionLog(folder, served, settings, log)


def _flask_application(service: Service) -> WsgiApplication:
    from api.transport.flask_application import create_app  # noqa: PLC0415 - loaded at the first request that needs it

    return create_app(service).wsgi_app

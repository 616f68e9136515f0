"""What is kept of a request: metrics, its trace, a log line, the prediction log, and answers that may get feedback."""

from __future__ import annotations

import traceback
from time import perf_counter
from typing import TYPE_CHECKING

from api.inference.answers import Answers
from api.inference.models import Models
from api.pipeline.exchange import Exchange
from api.pipeline.request_id import TRACE_HEADER, trace_id_of
from api.protocols.message import Response
from api.settings import Settings
from api.telemetry.logs import Log
from api.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from api.telemetry.tracing import Tracing

FLUSH_EVERY = 512
"""Metrics are flushed after so many requests."""
MOST_TURNED_AWAY = 20
"""Lines a second about requests that the server has no capacity for; metrics count them all."""


class Recorder:
    """Keeps of each request what operators need."""

    def __init__(self, settings: Settings, models: Models, metrics: Metrics, log: Log, tracing: Tracing | None) -> None:
        self._metrics, self._log, self._tracing = metrics, log, tracing
        self._ground_truth, self._prediction_log = models.ground_truth, models.prediction_log
        self._count = metrics.record_request
        self._second = self._turned_away = 0
        self._sample_rate = settings.log_sample_rate if log.enabled("info") else 0.0

    def record(self, exchange: Exchange, response: Response) -> None:
        """Count, trace and log a request that has its response."""
        route = exchange.route
        seconds = perf_counter() - exchange.started
        if self._ground_truth is not None and isinstance(exchange.answers, Answers):
            self._ground_truth.remember(exchange.id, exchange.model.manifest, exchange.answers)  # type: ignore[union-attr]
        self._count(route.key, response.status, seconds)
        if not exchange.number % FLUSH_EVERY:
            self._metrics.flush()
        trace_id = None
        if exchange.trace is not None or TRACE_HEADER in exchange.environ:
            trace_id = self._finish_trace(exchange, response.status, seconds)
        if self._prediction_log is not None and response.status == 200 and isinstance(exchange.answers, Answers):
            self._prediction_log.add(exchange, seconds, trace_id)
        if self._is_noted(response.status) or (self._sample_rate and self._is_sampled(exchange)):
            self._log_request(exchange, response, seconds, trace_id)

    def model_error(self, exchange: Exchange, error: BaseException) -> None:
        """Log what an estimator, or own code in it, raised for a row."""
        facts = {"request_id": exchange.id, "route": exchange.route.path, "error": type(error).__name__}
        model = exchange.model.name if exchange.model is not None else None
        text = "".join(traceback.format_exception(error))
        self._log.write("warning", "model_error", **facts, model=model, traceback=text)

    def internal_error(self, exchange: Exchange) -> None:
        """Log a fault of our own."""
        facts = {"request_id": exchange.id, "route": exchange.route.path, "traceback": traceback.format_exc()}
        self._log.write("error", "internal_error", **facts)

    def close(self) -> None:
        """Export the remaining spans, and write what is left of the prediction log."""
        if self._prediction_log is not None:
            self._prediction_log.close()
        if self._tracing is not None:
            self._tracing.close()

    def _is_noted(self, status: int) -> bool:
        """Return whether a request gets a line for its status.

        Thousands a second may be turned away: the metrics count them, and lines of them all would fill the log.
        """
        if status != 503:
            return status >= 400
        if (second := int(perf_counter())) != self._second:
            self._second, self._turned_away = second, 0
        self._turned_away += 1
        return self._turned_away <= MOST_TURNED_AWAY

    def _is_sampled(self, exchange: Exchange) -> bool:
        return exchange.number * self._sample_rate % 1 < self._sample_rate

    def _finish_trace(self, exchange: Exchange, status: int, seconds: float) -> str | None:
        """Return the trace id of a request, after its use as the latency's exemplar and the end of its span."""
        trace = exchange.trace
        trace_id = trace_id_of(exchange.environ) if trace is None else trace.trace_id
        if trace_id:
            self._metrics.exemplars[exchange.route.path] = trace_id, seconds
        if trace is not None and self._tracing is not None:
            self._tracing.finish(trace, status, exchange.id, exchange.error_code)
        return trace_id

    def _log_request(self, exchange: Exchange, response: Response, seconds: float, trace_id: str | None) -> None:
        route = exchange.route
        level = "info" if route.scoring or response.status >= 400 else "debug"
        self._log.write(
            level, "request", request_id=exchange.id, method=route.method, route=route.path,
            protocol=route.protocol.name, rows=response.rows, status=response.status,
            microseconds=round(seconds * 1e6), **({"trace_id": trace_id} if trace_id else {}),
        )  # fmt: skip

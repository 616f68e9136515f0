"""Spans of scoring requests for an OpenTelemetry collector: loaded only where an endpoint is configured.

The SDK reads its OTEL_* variables itself: endpoint, headers, sampler, limits, queue. Model calls are recorded while a
request is answered and become spans afterwards, so that neither its latency nor the model's includes that cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Thread
from time import time_ns
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from api.telemetry.logs import Log
from api.telemetry.span_export import LoggingExporter, SdkLogHandler
from model.runtime.base import Answer, Model
from model.runtime.estimator import height
from model.schema.rows import Table

NAME = "score-app"
# At its end the server waits so many seconds for the collector, and no longer.
SHUTDOWN_SECONDS = 3.0
# An explanation calls a model twice for each row.
MAX_CALLS = 8
_HEADERS = {"traceparent": "HTTP_TRACEPARENT", "tracestate": "HTTP_TRACESTATE"}


class Tracing:
    """Make spans, and export them in the background."""

    def __init__(self, log: Log) -> None:
        resource = Resource.create()
        if str(resource.attributes["service.name"]).startswith("unknown_service"):
            resource = resource.merge(Resource({"service.name": NAME}))
        handler = SdkLogHandler(log)
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(LoggingExporter(log, handler)))
        self._tracer = self._provider.get_tracer(NAME)
        self._propagator = TraceContextTextMapPropagator()

    def start(self, method: str, route: str, environ: Mapping[str, Any]) -> RequestTrace | None:
        """Start the span of a request as a child of its caller's, or return None if it is not sampled."""
        context = Context()
        if _HEADERS["traceparent"] in environ:
            headers = {name: environ[key] for name, key in _HEADERS.items() if key in environ}
            context = self._propagator.extract(headers, context)
        attributes = {
            "http.request.method": method, "http.route": route,
            "url.path": environ["PATH_INFO"], "url.scheme": environ["wsgi.url_scheme"],
        }  # fmt: skip
        span = self._tracer.start_span(f"{method} {route}", context, SpanKind.SERVER, attributes)
        return RequestTrace(span) if span.is_recording() else None

    def finish(self, trace: RequestTrace, status: int, request_id: str, error_code: str) -> None:
        """End the span of a request, and add the spans of its parts."""
        attributes: dict[str, Any] = {"http.response.status_code": status, "score_app.request_id": request_id}
        if error_code:
            attributes["score_app.refused"] = error_code
        if status >= 500:
            attributes["error.type"] = error_code or "internal"
            trace.span.set_status(StatusCode.ERROR)
        trace.span.set_attributes(attributes)
        parent = set_span_in_context(trace.span, Context())
        for name, part, start, end in trace.parts():
            self._tracer.start_span(name, parent, attributes=part, start_time=start).end(end)
        trace.span.end()

    def close(self) -> None:
        """Export the remaining spans, for a limited time."""
        # The SDK itself would wait for half a minute.
        thread = Thread(target=self._provider.shutdown, daemon=True)
        thread.start()
        thread.join(SHUTDOWN_SECONDS)


class RequestTrace:
    """The span of one request, and the model calls within it, in nanoseconds."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self.trace_id = f"{span.get_span_context().trace_id:032x}"
        self._decode_start = 0
        self._calls: list[tuple[str, dict[str, Any], int, int]] = []
        """Of each model call: the span's name, its attributes, start and end."""

    def start_decode(self) -> None:
        """Record that the request is being decoded from now on."""
        self._decode_start = time_ns()

    def observe(self, model: Model) -> Model:
        """Return the same model with its calls recorded in this trace."""
        return ObservedModel(model, self)

    def record_call(self, name: str, model: Model, rows: int, start: int) -> None:
        """Record a call that ends now; beyond MAX_CALLS, the last span covers all further calls."""
        if len(self._calls) == MAX_CALLS:
            name, last, start, _ = self._calls.pop()
            rows += last["model.rows"]
        attributes = {"model.name": model.name, "model.version": model.version, "model.rows": rows}
        self._calls.append((name, attributes, start, time_ns()))

    def parts(self) -> list[tuple[str, dict[str, Any], int, int]]:
        """Return the time before, in and after the model; without a model call there are no parts."""
        calls = self._calls
        if not calls:
            return []
        return [("parse", {}, self._decode_start, calls[0][2]), *calls, ("render", {}, calls[-1][3], time_ns())]


class ObservedModel(Model):
    """A model whose calls are recorded in the trace of one request."""

    def __init__(self, model: Model, trace: RequestTrace) -> None:
        # This runs for each traced request, so the model's attributes are shared and not made again.
        vars(self).update(vars(model))
        self._model, self._trace = model, trace
        self.answer_row = self._observed_row

    def _observed_row(self, row: Sequence[Any]) -> Any:
        start = time_ns()
        answer = self._model.answer_row(row)
        if answer is not None:
            self._trace.record_call("predict", self, 1, start)
        return answer

    def _predict(self, rows: Table) -> Answer:
        """Return the label or number of each row."""
        start = time_ns()
        try:
            return self._model.predict(rows)
        finally:
            self._trace.record_call("predict", self, height(rows), start)

    def _predict_proba(self, rows: Table) -> list[Answer]:
        """Return each row's probabilities."""
        start = time_ns()
        try:
            return self._model.predict_proba(rows)
        finally:
            self._trace.record_call("predict_proba", self, height(rows), start)

"""Spans of what is answered, for an OpenTelemetry collector: loaded only where a server is told of one.

The SDK reads its OTEL_* variables itself: address, headers, sampler, limits, queue. What a request did is noted while
it is answered and made into spans afterwards, so that neither its latency nor the model's has the price of that.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from threading import Thread, local
from time import time_ns
from typing import Any

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from api.dialects import Reply, Request
from api.errors import ApiError
from api.logs import Log
from api.service import Ask, Endpoint, Service
from model.bundle.manifest import Manifest
from model.runtime.estimator import height
from model.runtime.load import Answer, Model
from model.schema.rows import Table

NAME = "score-app"
# A server that ends waits so many seconds for a collector, and no longer.
LAST_SECONDS = 3.0
# An explanation asks a model twice a row.
MOST_CALLS = 8
_PARENT = "HTTP_TRACEPARENT"
_HEADERS = {"traceparent": _PARENT, "tracestate": "HTTP_TRACESTATE"}
_EXPORTER = OTLPSpanExporter.__module__


class Notes:
    """What one request did, and when, in nanoseconds."""

    def __init__(self) -> None:
        self.refused = ""
        self.began = self.ended = 0
        self.calls: list[tuple[str, dict[str, Any], int, int]] = []
        """What a model was asked: the span's name, its attributes, begin and end."""

    def call(self, name: str, model: Manifest, rows: int, began: int) -> None:
        """Note what a model was asked until now; when it is asked without end, the last span has all that follows."""
        if len(self.calls) == MOST_CALLS:
            name, last, began, _ = self.calls.pop()
            rows += last["model.rows"]
        facts = {"model.name": model.name, "model.version": model.version, "model.rows": rows}
        self.calls.append((name, facts, began, time_ns()))


class Here(local):
    """The notes of the request that this thread answers, where it is traced."""

    notes: Notes | None = None


class Tracing:
    """Make spans, and send them in the background."""

    def __init__(self, log: Log) -> None:
        self.here = Here()
        heard = _Heard(log)
        resource = Resource.create()
        if str(resource.attributes["service.name"]).startswith("unknown_service"):
            resource = resource.merge(Resource({"service.name": NAME}))
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(_Exporter(log, heard)))
        self._tracer = self._provider.get_tracer(NAME)
        self._propagator = TraceContextTextMapPropagator()

    def server(self, endpoint: Endpoint, environ: Mapping[str, Any]) -> Span:
        """Begin the span of a request, within what its caller does."""
        context = Context()
        if _PARENT in environ:
            headers = {name: environ[key] for name, key in _HEADERS.items() if key in environ}
            context = self._propagator.extract(headers, context)
        facts = {
            "http.request.method": endpoint.method, "http.route": endpoint.path,
            "url.path": environ["PATH_INFO"], "url.scheme": environ["wsgi.url_scheme"],
        }  # fmt: skip
        return self._tracer.start_span(f"{endpoint.method} {endpoint.path}", context, SpanKind.SERVER, facts)

    def end(self, span: Span, notes: Notes, reply: Reply) -> None:
        """End the span of a request, and tell what it was made of."""
        found: dict[str, Any] = {"http.response.status_code": reply.status}
        found["score_app.request_id"] = dict(reply.headers)["X-Request-ID"]
        if notes.refused:
            found["score_app.refused"] = notes.refused
        if reply.status >= 500:
            found["error.type"] = notes.refused or "internal"
            span.set_status(StatusCode.ERROR)
        span.set_attributes(found)
        within = set_span_in_context(span, Context())
        for name, facts, began, ended in _parts(notes):
            self._tracer.start_span(name, within, attributes=facts, start_time=began).end(ended)
        span.end()

    def close(self) -> None:
        """Send what is left, but do not wait for ever."""
        # The SDK itself would wait for half a minute.
        last = Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(LAST_SECONDS)


def _parts(notes: Notes) -> list[tuple[str, dict[str, Any], int, int]]:
    """Return the time before, in and after a model; what asked none has no parts."""
    calls = notes.calls
    if not calls:
        return []
    return [("parse", {}, notes.began, calls[0][2]), *calls, ("render", {}, calls[-1][3], notes.ended)]


class TracedModel(Model):
    """A model that notes when it is asked."""

    def __init__(self, model: Model, tracing: Tracing) -> None:
        super().__init__(model.manifest)
        self._model, self._here = model, tracing.here
        self.one = self._one

    def _one(self, row: Sequence[Any]) -> Any:
        began = time_ns()
        answer = self._model.one(row)
        if answer is not None:
            self._note("predict", 1, began)
        return answer

    def predict(self, rows: Table) -> Answer:
        """Return the label or number of each row."""
        began = time_ns()
        try:
            return self._model.predict(rows)
        finally:
            self._note("predict", height(rows), began)

    def predict_proba(self, rows: Table) -> list[Answer]:
        """Return each row's probabilities."""
        began = time_ns()
        try:
            return self._model.predict_proba(rows)
        finally:
            self._note("predict_proba", height(rows), began)

    def _note(self, name: str, rows: int, began: int) -> None:
        if self._here.notes is not None:
            self._here.notes.call(name, self.manifest, rows, began)


class TracedService(Service):
    """Answer requests by endpoint, and make a span of each that scores."""

    def __init__(self, tracing: Tracing, *parts: Any) -> None:
        super().__init__(*parts)
        self._tracing, self._here = tracing, tracing.here

    def answer(self, endpoint: Endpoint, ask: Ask, request: Request, *, quick: bool = False) -> Reply:
        """Return the reply of an endpoint."""
        span = self._tracing.server(endpoint, request.environ) if endpoint.scoring else None
        if span is None or not span.is_recording():
            return super().answer(endpoint, ask, request, quick=quick)
        notes = self._here.notes = Notes()

        def noted(request: Request) -> Reply:
            notes.began = time_ns()
            try:
                return ask(request)
            except ApiError as failure:
                notes.refused = failure.code
                raise
            finally:
                notes.ended = time_ns()

        here = span.get_span_context()
        # Like a proxy's, the span stands between the caller and what names a trace in the log and beside the latency.
        within = {**request.environ, _PARENT: f"00-{here.trace_id:032x}-{here.span_id:016x}-{here.trace_flags:02x}"}
        reply = super().answer(endpoint, noted, Request(request.body, within), quick=quick)
        self._here.notes = None
        self._tracing.end(span, notes, reply)
        return reply

    def _admit(self, request: Request) -> None:
        try:
            super()._admit(request)
        except ApiError as failure:
            if self._here.notes is not None:
                self._here.notes.refused = failure.code
            raise

    def close(self) -> None:
        """Send the spans that are left."""
        self._tracing.close()


class _Heard(logging.Handler):
    """Write what the SDK says into our log, each kind of it once; why the exporter fails is kept for its own line."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self.reason = ""
        self._log, self._known = log, set[str]()
        for name in ("opentelemetry", "urllib3"):
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [self], False
        # What callers send in their headers is not worth a line.
        logging.getLogger("opentelemetry.trace").setLevel(logging.CRITICAL)

    def emit(self, record: logging.LogRecord) -> None:
        """Take one message; a traceback that it has stays here."""
        said = " ".join(record.getMessage().split())[:300]
        if record.name == _EXPORTER:
            # The first that goes wrong has the cause; the last only says that there was one.
            self.reason = self.reason or said
        elif record.levelno >= logging.WARNING and record.msg not in self._known:
            self._known.add(record.msg)
            self._log.write("warning", "tracing", said=said)


class _Exporter(OTLPSpanExporter):
    """Send spans, and say once that it fails and once that it works again."""

    def __init__(self, log: Log, heard: _Heard) -> None:
        super().__init__()
        self._log, self._heard = log, heard
        self._lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send some spans."""
        self._heard.reason = ""
        result = super().export(spans)
        if result is not SpanExportResult.SUCCESS:
            if not self._lost:
                self._log.write("warning", "tracing", said="spans are lost", reason=self._heard.reason)
            self._lost += len(spans)
        elif self._lost:
            self._log.write("warning", "tracing", said="spans are sent again", lost=self._lost)
            self._lost = 0
        return result

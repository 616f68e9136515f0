"""Export of spans, with the SDK's messages in the log of this process: each kind once, failures once per outage."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from api.telemetry.logs import Log

_EXPORTER_LOGGER = OTLPSpanExporter.__module__


class SdkLogHandler(logging.Handler):
    """Write warnings of the SDK into our log; the exporter's own are kept as the reason of a failed export."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self.export_error = ""
        self._log, self._written = log, set[str]()
        for name in ("opentelemetry", "urllib3"):
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [self], False
        # A malformed header of a caller is not worth a line.
        logging.getLogger("opentelemetry.trace").setLevel(logging.CRITICAL)

    def emit(self, record: logging.LogRecord) -> None:
        """Handle one message; its traceback is dropped."""
        message = " ".join(record.getMessage().split())[:300]
        if record.name == _EXPORTER_LOGGER:
            # The first message has the cause; the last one only says that there was one.
            self.export_error = self.export_error or message
        elif record.levelno >= logging.WARNING and record.msg not in self._written:
            self._written.add(record.msg)
            self._log.write("warning", "tracing_warning", message=message)


class LoggingExporter(OTLPSpanExporter):
    """Export spans; log when that begins to fail and when it works again."""

    def __init__(self, log: Log, handler: SdkLogHandler) -> None:
        super().__init__()
        self._log, self._handler = log, handler
        self._dropped = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export some spans."""
        self._handler.export_error = ""
        result = super().export(spans)
        if result is not SpanExportResult.SUCCESS:
            if not self._dropped:
                self._log.write("warning", "span_export_failed", reason=self._handler.export_error)
            self._dropped += len(spans)
        elif self._dropped:
            self._log.write("warning", "span_export_recovered", dropped=self._dropped)
            self._dropped = 0
        return result

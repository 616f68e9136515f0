"""What an OpenTelemetry collector is to whoever sends it spans."""

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collector:
    """Take spans, and answer as soon as it may."""

    def __init__(self, port=0, host="127.0.0.1"):
        self.spans, self.resources = [], []
        self.changed, self.open = Condition(), Event()
        self.open.set()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.open.wait()
                collector.take(self.path, self.headers["Content-Type"], ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer((host, port), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path, kind, sent):
        assert (path, kind) == ("/v1/traces", "application/x-protobuf")
        with self.changed:
            for each in sent.resource_spans:
                self.resources.append(facts(each.resource.attributes))
                self.spans += [span for scope in each.scope_spans for span in scope.spans]
            self.changed.notify_all()

    def servers(self, count):
        """Wait for so many spans of requests, and give them in the order in which they began."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self._servers()) >= count, 20), self.spans
            return self._servers()

    def _servers(self):
        return sorted((s for s in self.spans if s.kind == Span.SPAN_KIND_SERVER), key=lambda s: s.start_time_unix_nano)

    def parts(self, span):
        found = [each for each in self.spans if each.parent_span_id == span.span_id]
        return sorted(found, key=lambda each: each.start_time_unix_nano)


def facts(attributes):
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


@contextmanager
def collecting(port=0):
    collector = Collector(port)
    try:
        yield collector
    finally:
        collector.open.set()
        collector.server.shutdown()
        collector.server.server_close()

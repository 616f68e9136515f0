"""The admin server, which no Service leads to: metrics for Prometheus, drain for the kubelet, liveness."""

from __future__ import annotations

from threading import BoundedSemaphore, Event, Thread
from time import monotonic
from typing import Any

from api.pipeline.service import Service
from api.transport.draining import drain
from api.transport.limited_http_server import LimitedHandler, LimitedServer

MAX_DRAINS = 8


def start_admin_server(service: Service) -> LimitedServer:
    """Start the admin server in a thread."""
    interrupt, drains = Event(), BoundedSemaphore(MAX_DRAINS)

    class Handler(LimitedHandler):
        server: LimitedServer
        server_version, sys_version = "score-app", ""

        def do_GET(self) -> None:  # noqa: N802 - http.server calls it so
            """Answer the three paths there are."""
            path = self.path.partition("?")[0]
            if path == "/metrics":
                from api.telemetry.prometheus import exposition  # noqa: PLC0415 - loaded at the first scrape

                body, content_type = exposition(service.metrics, self.headers.get("Accept", ""))
                self._send(200, body, content_type)
            elif path == "/drain":
                self._drain()
            elif path == "/livez":
                self._send(200, b"ok\n", "text/plain")
            else:
                self._send(404, b"there are /metrics, /drain and /livez\n", "text/plain")

        do_POST = do_GET  # noqa: N815

        def _drain(self) -> None:
            # Each caller waits for the end of the drain, like the first one: any of them may be the kubelet.
            if not drains.acquire(blocking=False):
                self._send(503, b"too many requests are waiting for the drain\n", "text/plain")
                return
            try:
                self.server.protect(self.connection)
                outcome = drain(service.state, service.settings, interrupt, since=monotonic())
                self._send(200, f"{outcome}\n".encode(), "text/plain")
            finally:
                drains.release()

        def _send(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Keep probes and scrapes out of the log."""

    server = LimitedServer((service.settings.host, service.settings.admin_port), Handler)
    Thread(target=server.serve_forever, name="admin", daemon=True).start()
    return server

"""The second listener, which no Service leads to: metrics for Prometheus, drain for the kubelet, liveness."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from time import monotonic
from typing import Any

from api.drain import drain
from api.service import Service


def listen(service: Service) -> ThreadingHTTPServer:
    """Start the admin listener beside the main one."""
    stop = Event()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10
        server_version, sys_version = "score-app", ""

        def do_GET(self) -> None:
            """Answer the three paths there are."""
            path = self.path.partition("?")[0]
            if path == "/metrics":
                from api.exposition import exposition  # noqa: PLC0415 - loaded at the first scrape

                body, kind = exposition(service.models, self.headers.get("Accept", ""))
                self._send(200, body, kind)
            elif path == "/drain":
                self._send(
                    200, drain(service.state, service.settings, stop, since=monotonic()).encode() + b"\n", "text/plain"
                )
            elif path == "/livez":
                self._send(200, b"ok\n", "text/plain")
            else:
                self._send(404, b"there are /metrics, /drain and /livez\n", "text/plain")

        do_POST = do_GET  # noqa: N815

        def _send(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Keep probes and scrapes out of the log."""

    server = ThreadingHTTPServer((service.settings.host, service.settings.admin_port), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, name="admin", daemon=True).start()
    return server

"""The second listener, which no Service leads to: metrics for Prometheus, drain for the kubelet, liveness."""

from __future__ import annotations

from threading import BoundedSemaphore, Event, Thread
from time import monotonic
from typing import Any

from api.bounded import BoundedHandler, BoundedServer
from api.drain import drain
from api.service import Service

MOST_DRAINS = 8


def listen(service: Service) -> BoundedServer:
    """Start the admin listener beside the main one."""
    stop, drains = Event(), BoundedSemaphore(MOST_DRAINS)

    class Handler(BoundedHandler):
        server: BoundedServer
        server_version, sys_version = "score-app", ""

        def do_GET(self) -> None:  # noqa: N802 - http.server calls it so
            """Answer the three paths there are."""
            path = self.path.partition("?")[0]
            if path == "/metrics":
                from api.exposition import exposition  # noqa: PLC0415 - loaded at the first scrape

                body, kind = exposition(service.models, self.headers.get("Accept", ""))
                self._send(200, body, kind)
            elif path == "/drain":
                self._drain()
            elif path == "/livez":
                self._send(200, b"ok\n", "text/plain")
            else:
                self._send(404, b"there are /metrics, /drain and /livez\n", "text/plain")

        do_POST = do_GET  # noqa: N815

        def _drain(self) -> None:
            # Whoever asks waits as the first one does: any of them may be the kubelet.
            if not drains.acquire(blocking=False):
                self._send(503, b"enough wait for this already\n", "text/plain")
                return
            try:
                self.server.keep(self.connection)
                said = drain(service.state, service.settings, stop, since=monotonic())
                self._send(200, f"{said}\n".encode(), "text/plain")
            finally:
                drains.release()

        def _send(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Keep probes and scrapes out of the log."""

    server = BoundedServer((service.settings.host, service.settings.admin_port), Handler)
    Thread(target=server.serve_forever, name="admin", daemon=True).start()
    return server

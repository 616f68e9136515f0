"""The admin server, which no Service leads to: metrics for Prometheus, drain for the kubelet, liveness."""

from __future__ import annotations

from threading import BoundedSemaphore, Event, Thread

from api.pipeline.service import Service
from api.transport.addresses import is_loopback
from api.transport.draining import Draining
from api.transport.limited_http_server import LimitedHandler, LimitedServer

ADMIN_PATHS = ("/livez", "/metrics", "/drain")
MAX_DRAINS = 8
LIFECYCLE_AGENT = "kube-lifecycle/"
"""How the User-Agent of the kubelet's hooks begins; its probes and any browser have another."""


def start_admin_server(service: Service, draining: Draining) -> LimitedServer:
    """Start the admin server in a thread."""
    interrupt, drains = Event(), BoundedSemaphore(MAX_DRAINS)

    class Handler(LimitedHandler):
        server: LimitedServer

        def do_GET(self) -> None:  # noqa: N802 - http.server calls it so
            """Answer the three paths there are."""
            path = self.target.partition("?")[0]
            if path == "/metrics":
                from api.telemetry.prometheus import exposition  # noqa: PLC0415 - loaded at the first scrape

                body, content_type = exposition(service.metrics, self.headers.get("Accept", ""))
                self.send(200, body, content_type)
            elif path == "/drain":
                self._drain(allowed=self.headers.get("User-Agent", "").startswith(LIFECYCLE_AGENT))
            elif path == "/livez":
                self.send(200, b"ok\n")
            else:
                self.send(404, f"there are {', '.join(ADMIN_PATHS)}\n".encode())

        def do_POST(self) -> None:  # noqa: N802
            """Drain for a caller within the pod."""
            if self.target.partition("?")[0] == "/drain":
                self._drain(allowed=is_loopback(self.client_address[0]))
            else:
                self.send(405, b"only /drain takes POST\n")

        def _drain(self, *, allowed: bool) -> None:
            if not allowed:
                self.send(403, b"a drain needs GET by the kubelet's hook, or POST from within the pod\n")
                return
            # Each caller waits for the end of the drain, like the first one: any of them may be the kubelet.
            if not drains.acquire(blocking=False):
                self.send(503, b"too many requests are waiting for the drain\n")
                return
            try:
                self.server.protect(self.connection)
                self.send(200, f"{draining.on_request(interrupt)}\n".encode())
            finally:
                drains.release()

    server = LimitedServer((service.settings.host, service.settings.admin_port), Handler)
    server.report = service.log.write
    Thread(target=server.serve_forever, name="admin", daemon=True).start()
    return server

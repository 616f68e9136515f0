"""A small HTTP server for the admin port, with limits on connections, on the bytes of a request, and on its time.

Beyond the limit a new connection takes the place of the oldest one.
"""

from __future__ import annotations

import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Lock
from time import monotonic
from typing import Any

from api.transport.addresses import family_of

MAX_CONNECTIONS = 32
"""Each has its own thread."""
MAX_HEAD_BYTES = 16 << 10
TIMEOUT_SECONDS = 10.0


class LimitedServer(ThreadingHTTPServer):
    """A server of few connections."""

    daemon_threads = True
    request_queue_size = 128
    report: Callable[..., None]
    """Writes an event to the log."""

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        # A dictionary, because it keeps their order.
        self._open: dict[Any, None] = {}
        self._lock = Lock()
        self.address_family = family_of(address[0])
        super().__init__(address, handler)

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002 - so it is called
        """Accept every connection, if need be in place of the oldest."""
        with self._lock:
            if len(self._open) >= MAX_CONNECTIONS:
                oldest = next(iter(self._open))
                del self._open[oldest]
                with suppress(OSError):
                    oldest.shutdown(socket.SHUT_RDWR)
            self._open[request] = None
        return True

    def protect(self, request: Any) -> None:
        """Keep a connection from being replaced; the caller limits the number of these."""
        with self._lock:
            self._open.pop(request, None)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        self.protect(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - so it is called
        """Log an error, unless the client only closed its connection."""
        if not isinstance(sys.exception(), OSError):
            self.report("error", "admin_error", traceback=traceback.format_exc())


class LimitedHandler(BaseHTTPRequestHandler):
    """A handler that reads the head of one request and nothing else."""

    server_version, sys_version = "score-app", ""

    def setup(self) -> None:
        """Read the head."""
        super().setup()
        self.rfile.close()
        self.rfile = BytesIO(_read_head(self.connection))

    @property
    def target(self) -> str:
        """Return the request's target as it was sent; http.server's path has several slashes made one."""
        return self.requestline.split()[1]

    def send(self, status: int, body: bytes, content_type: str = "text/plain") -> None:
        """Send a response."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep probes and scrapes out of the log."""


def _read_head(connection: socket.socket) -> bytes:
    """Return a request up to its empty line, or nothing if that does not arrive within the limits."""
    end, found = monotonic() + TIMEOUT_SECONDS, b""
    with suppress(OSError):
        while len(found) < MAX_HEAD_BYTES and (left := end - monotonic()) > 0:
            connection.settimeout(left)
            part = connection.recv(4096)
            found += part
            if b"\r\n\r\n" in found:
                connection.settimeout(TIMEOUT_SECONDS)
                return found
            if not part:
                break
    return b""

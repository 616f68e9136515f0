"""A small HTTP server that nobody who reaches it can make grow, for the admin port.

Connections, the bytes of a request and the time that they take are bounded; who comes gets the place of who has been
there for longest.
"""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Lock
from time import monotonic
from typing import Any

MOST_OPEN = 32
"""Each has a thread of its own."""
HEAD_BYTES = 16 << 10
SECONDS = 10.0


class BoundedServer(ThreadingHTTPServer):
    """A server of few connections."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *args: Any) -> None:
        # A dictionary, because it keeps their order.
        self._open: dict[Any, None] = {}
        self._changing = Lock()
        super().__init__(*args)

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002 - so it is called
        """Take every connection, if need be in the place of the oldest."""
        with self._changing:
            if len(self._open) >= MOST_OPEN:
                oldest = next(iter(self._open))
                del self._open[oldest]
                with suppress(OSError):
                    oldest.shutdown(socket.SHUT_RDWR)
            self._open[request] = None
        return True

    def keep(self, request: Any) -> None:
        """Let a connection stay whoever comes; how many of those there are is the caller's care."""
        with self._changing:
            self._open.pop(request, None)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection, and end it."""
        self.keep(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong, unless somebody only hung up."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class BoundedHandler(BaseHTTPRequestHandler):
    """A handler that reads the head of one request and nothing else."""

    def setup(self) -> None:
        """Wait for the head."""
        super().setup()
        self.rfile.close()
        self.rfile = BytesIO(_head(self.connection))


def _head(connection: socket.socket) -> bytes:
    """Return a request up to its empty line, or nothing if that does not come within bounds."""
    until, found = monotonic() + SECONDS, b""
    with suppress(OSError):
        while len(found) < HEAD_BYTES and (left := until - monotonic()) > 0:
            connection.settimeout(left)
            part = connection.recv(4096)
            found += part
            if b"\r\n\r\n" in found:
                connection.settimeout(SECONDS)
                return found
            if not part:
                break
    return b""

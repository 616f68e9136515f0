"""One request over a fresh connection: an answer is read as soon as it comes, even before all was sent."""

import select
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from time import monotonic

SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """What came, or why nothing did."""

    status: int = 0
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0
    fault: str = ""


def chunked(body, size):
    """Return a body in the chunked transfer coding."""
    chunks = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def head(path, headers, method="POST"):
    """Return the head of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def request(path, headers, body, chunk=0):
    """Return all bytes of a request that closes its connection."""
    framing = {"Transfer-Encoding": "chunked"} if chunk else {"Content-Length": len(body)}
    return head(path, headers | framing | {"Connection": "close"}) + (chunked(body, chunk) if chunk else body)


def connect(url, receive_buffer=0):
    """Open a connection, with a small receive buffer where what is not read must stay with the sender."""
    host, port = url.removeprefix("http://").split(":")
    found = socket.socket()
    if receive_buffer:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    found.settimeout(10)
    found.connect((host, int(port)))
    return found


def read(connection):
    """Read one response."""
    found = HTTPResponse(connection)
    found.begin()
    body = found.read()
    return found.status, {name.lower(): value for name, value in found.getheaders()}, body


def _send(connection, content, end):
    """Send until all is sent or something comes."""
    view = memoryview(content)
    while view and (left := end - monotonic()) > 0:
        readable, writable, _ = select.select([connection], [connection], [], left)
        if readable:
            return
        if writable:
            view = view[connection.send(view[: 1 << 18]) :]


def exchange(url, content, seconds=SECONDS):
    """Send the bytes of a request, and return the answer."""
    start = monotonic()
    try:
        with connect(url) as connection:
            # An answer may lie before the hang-up.
            with suppress(BrokenPipeError, ConnectionResetError):
                _send(connection, content, start + seconds)
            connection.settimeout(max(start + seconds - monotonic(), 0.001))
            status, headers, body = read(connection)
    except TimeoutError:
        return Answer(seconds=monotonic() - start, fault=f"no answer within {seconds} s")
    except (OSError, HTTPException, ValueError) as error:
        return Answer(seconds=monotonic() - start, fault=type(error).__name__)
    return Answer(status, headers, body, monotonic() - start)

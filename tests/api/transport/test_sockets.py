"""What no HTTP library would send: the server answers or hangs up, and goes on answering others."""

import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.server import fetch, heard, running

HEAD = b"POST /score HTTP/1.1\r\nHost: x\r\n"
GOOD = b'{"X":[5.1,3.5,1.4,0.2]}'
BROKEN = {
    "a negative length": HEAD + b"Content-Length: -5\r\n\r\n" + GOOD,
    "a length that is no number": HEAD + b"Content-Length: many\r\n\r\n" + GOOD,
    "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 9\r\n\r\n" + GOOD,
    "a length beyond all bounds": HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n" + GOOD,
    "length and chunks": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk's size that is none": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "chunks that end too early": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    "less than was promised": HEAD + b"Content-Length: 500\r\n\r\n" + GOOD,
    "no end of the headers": HEAD + b"X-A: b",
    "a null in a header": HEAD + b"X-A: a\0b\r\nContent-Length: 0\r\n\r\n",
    "another version": b"POST /score HTTP/9.9\r\n\r\n",
    "headers without end": HEAD + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 100) for n in range(2000)) + b"\r\n",
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "nothing": b"",
}


@pytest.fixture(scope="module")
def server():
    with running(model="iris", log_level="error", threads=16, body_timeout_seconds=2) as process:
        yield process


def send(server, content):
    """Send bytes, say that no more will come, and return all that comes back."""
    place = urlsplit(server.url)
    with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
        # The server may answer and close before it has read all of it.
        with suppress(OSError):
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
        return heard(connection)


def test_callers_who_announce_a_body_and_do_not_send_it_keep_nobody_waiting(server):
    place, handles = urlsplit(server.url), Path(f"/proc/{server.pid}/fd")
    before = len(list(handles.iterdir()))
    slow = [socket.create_connection((place.hostname, place.port), timeout=20) for _ in range(100)]
    try:
        for connection in slow:
            with suppress(ConnectionError):
                connection.sendall(HEAD + b"Content-Length: 500\r\n\r\n" + GOOD)
        # Each is given up after a moment while no thread is left, the last ones after their time.
        for connection in slow:
            assert heard(connection)[:12] in (b"", b"HTTP/1.1 400", b"HTTP/1.1 503")
            connection.close()
        for _ in range(1000):
            if answers(server) and len(list(handles.iterdir())) <= before + 2:
                break
        else:
            pytest.fail("file handles were left open")
    finally:
        for connection in slow:
            connection.close()


def answers(server):
    return fetch(f"{server.url}/score", GOOD).body == b'{"score":[0]}'


@pytest.mark.parametrize("broken", BROKEN)
def test_it_is_refused_or_hung_up_on(broken, server):
    found = send(server, BROKEN[broken])
    assert found == b"" or found.split()[1][:1] in (b"4", b"5")
    assert b" 500 " not in found.split(b"\r\n")[0]
    assert answers(server)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=30), max_size=4), st.integers(-3, 3), st.booleans())
def test_chunks_and_lengths_of_any_kind_never_hang(server, parts, off, chunked):
    body = b"".join(parts)
    if chunked:
        framed = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"
        content = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + framed
    else:
        content = HEAD + b"Content-Length: %d\r\n\r\n" % max(0, len(body) + off) + body
    found = send(server, content)
    assert found == b"" or found.startswith(b"HTTP/1.1 4")

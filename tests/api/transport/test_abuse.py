"""What somebody who means harm sends: it is refused, it costs no more than bounds allow, and others are answered."""

import json
import resource
import socket
import urllib.error
import urllib.request
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice, product
from pathlib import Path
from string import ascii_letters

import pytest
import yaml

from api.transport.admin_server import MAX_DRAINS
from api.transport.limited_http_server import MAX_CONNECTIONS as MAX_ADMIN_CONNECTIONS
from api.transport.limited_http_server import MAX_HEAD_BYTES as MAX_ADMIN_HEAD
from api.transport.server import MAX_CONNECTIONS, MAX_HEAD_BYTES
from tests.helpers.server import KUBELET, connect, fetch, heard, running
from tests.helpers.waiting import unless

ROOT = Path(__file__).parents[3]
ROW, ANSWER = b'{"X":[5.1,3.5,1.4,0.2]}', b'{"score":[0]}'
MEGABYTE = 1 << 20
POD = next(
    container for container in yaml.safe_load((ROOT / "base" / "deployment.yaml").read_text())
    ["spec"]["template"]["spec"]["containers"] if container["name"] == "score-app"
)  # fmt: skip
SETTINGS = dict(
    each.split("=") for each in yaml.safe_load((ROOT / "base" / "kustomization.yaml").read_text())
    ["configMapGenerator"][0]["literals"]
)  # fmt: skip
LIMIT = int(POD["resources"]["limits"]["memory"].removesuffix("Mi")) * MEGABYTE


@pytest.fixture(scope="module", autouse=True)
def _files():
    """Allow this process as many connections as it may have."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def server():
    """Give a server with the settings of a pod, but that it turns nobody away: what that does has tests of its own."""
    with running(**SETTINGS | {"LOG_LEVEL": "error", "MAX_QUEUE_SECONDS": 0}) as process:
        fetch(f"{process.url}/model")
        yield process


@pytest.fixture
def many():
    """Hold connections, and close them whatever happens."""
    with ExitStack() as held:
        yield held


def process_status(server, name):
    """Return a number from what the kernel says of a process: VmRSS and VmHWM in bytes."""
    line = next(each for each in Path(f"/proc/{server.pid}/status").read_text().splitlines() if each.startswith(name))
    return int(line.split()[1]) * (1024 if line.endswith("kB") else 1)


def answers(server):
    return (
        fetch(f"{server.url}/score", ROW).body == ANSWER
        and fetch(f"{server.url}/readyz").status == 200
        and fetch(f"{server.admin}/livez").body == b"ok\n"
    )


ODD = {
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
    "a path without end": (b"GET /" + b"a" * 4 * MAX_ADMIN_HEAD + b" HTTP/1.1\r\n\r\n", b""),
    "a header without end": (
        b"GET /livez HTTP/1.1\r\nX: " + b"a" * 4 * MAX_ADMIN_HEAD + b"\r\n\r\n",
        b"",
    ),
    "too many headers": (b"GET /livez HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n", b"431"),
    "a body": (b"POST /livez HTTP/1.1\r\nContent-Length: 0\r\n\r\n", b"405"),
    "HEAD": (b"HEAD /livez HTTP/1.1\r\n\r\n", b"501"),
    "PUT": (b"PUT /livez HTTP/1.1\r\n\r\n", b"501"),
    "an unknown method": (b"<script> /livez HTTP/1.1\r\n\r\n", b"501"),
    "an unknown path": (b"GET /../../etc/passwd HTTP/1.1\r\n\r\n", b"404"),
    "another version": (b"GET /livez HTTP/9.9\r\n\r\n", b"505"),
    "half a request": (b"GET /livez HT", b""),
    "nothing": (b"", b""),
}


@pytest.fixture(scope="module")
def anyone():
    with running(log_level="error", max_queue_seconds=0) as process:
        yield process


@pytest.mark.parametrize("odd", ODD)
def test_the_admin_port_refuses_or_hangs_up(odd, anyone):
    content, status = ODD[odd]
    with connect(anyone.admin) as connection:
        try:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            assert status == b""
        found = heard(connection)
    if status:
        assert status in found.split(b"\r\n")[0]
    else:
        assert found == b""
    assert b"<script>" not in found.partition(b"\r\n\r\n")[2]
    assert answers(anyone)


def test_the_admin_port_answers_whoever_comes_though_many_say_nothing(server, many):
    threads, used = process_status(server, "Threads"), process_status(server, "VmRSS")
    silent = [many.enter_context(connect(server.admin)) for _ in range(10 * MAX_ADMIN_CONNECTIONS)]
    for connection in silent[-MAX_ADMIN_CONNECTIONS:]:
        connection.sendall(b"GET /livez HTTP/1.1\r\nX: ")
    assert answers(server)
    assert b"request_count_total" in fetch(f"{server.admin}/metrics").body
    assert process_status(server, "Threads") <= threads + 2 * MAX_ADMIN_CONNECTIONS
    assert process_status(server, "VmRSS") < used + 16 * MEGABYTE
    many.close()
    assert answers(server)


def test_whoever_drains_waits_as_the_first_does_and_not_without_end():
    callers = MAX_DRAINS + 4
    with (
        running(drain_idle_seconds=2, drain_timeout_seconds=4, log_level="error", max_queue_seconds=0) as server,
        ThreadPoolExecutor(callers) as pool,
    ):
        found = list(pool.map(lambda _: fetch(f"{server.admin}/drain", headers=KUBELET), range(callers)))
        assert {(each.status, each.body) for each in found} == {
            (200, b"idle\n"), (503, b"too many requests are waiting for the drain\n")
        }  # fmt: skip
        assert sum(each.status == 200 for each in found) >= MAX_DRAINS
        assert answers(server)


def test_connections_on_which_nothing_is_asked_keep_nobody_waiting(server, many):
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    unless(allowed > 2 * MAX_CONNECTIONS, "too few files are allowed")
    used = process_status(server, "VmRSS")
    idle = [many.enter_context(connect(server.url)) for _ in range(MAX_CONNECTIONS - 96)]
    for connection in idle[::2]:
        connection.sendall(b"POST /score HTTP/1.1\r\nHost: x\r\nX: " + b"a" * (MAX_HEAD_BYTES // 2))
    assert all(answers(server) for _ in range(20))
    assert process_status(server, "VmRSS") < used + MAX_CONNECTIONS * MAX_HEAD_BYTES
    with connect(server.url) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 2 * MAX_HEAD_BYTES)
        assert connection.recv(65536).startswith(b"HTTP/1.1 431")
    # Who does not send the head of a request within its time is hung up on.
    assert heard(idle[0]) == b""
    many.close()
    assert answers(server)


def test_a_body_that_is_too_large_is_refused_before_it_has_come(server):
    used = process_status(server, "VmRSS")
    for path in ("/score", "/predict_file", "/batch", "/v2/models/iris/infer"):
        with connect(server.url) as connection:
            head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (path.encode(), 100 * MEGABYTE)
            connection.sendall(head + b"[")
            assert connection.recv(65536).startswith(b"HTTP/1.1 413")
    assert process_status(server, "VmHWM") < used + 16 * MEGABYTE
    with connect(server.url) as connection:
        connection.sendall(b"POST /score HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        sent = 0
        try:
            while sent < 100 * MEGABYTE:
                sent += connection.send(b"100000\r\n" + b" " * MEGABYTE + b"\r\n")
        except OSError:
            pass
        assert sent < 64 * MEGABYTE
    assert process_status(server, "VmHWM") < used + 32 * MEGABYTE
    assert answers(server)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_client_that_sends_all_before_it_reads_sees_that_its_body_is_too_large(chunked, server):
    pieces = [b" " * MEGABYTE] * (int(SETTINGS["MAX_BODY_SIZE"].removesuffix("m")) + 8)
    body = iter(pieces) if chunked else b"".join(pieces)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(f"{server.url}/score", body, method="POST"), timeout=30)
    with refused.value as answer:
        assert answer.status == 413
        assert json.load(answer)["error"]["code"] == "too_large"


@pytest.mark.parametrize(("encoding", "window"), [("gzip", 31), ("deflate", 15)])
def test_a_bomb_is_unpacked_no_further_than_to_the_limit(encoding, window, server):
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    bomb = b"".join(packer.compress(b"0" * MEGABYTE) for _ in range(256)) + packer.flush()
    used = process_status(server, "VmRSS")
    assert fetch(f"{server.url}/score", bomb, {"Content-Encoding": encoding}).status == 413
    assert process_status(server, "VmHWM") < used + 32 * MEGABYTE
    assert answers(server)


SIZE = int(SETTINGS["MAX_BODY_SIZE"].removesuffix("m")) * MEGABYTE - 100
FEW = b",".join(b'"%s":1' % "".join(each).encode() for each in islice(product(ascii_letters, repeat=4), SIZE // 9))
UGLY = {
    "lists within lists": b"[" * SIZE,
    "objects within objects": b'{"a":' * (SIZE // 5),
    "closed again": b'{"X":' + b"[" * (SIZE // 3) + b"]" * (SIZE // 3) + b"}",
    "small nests": b'{"X":[' + b"[[[[]]]]," * (SIZE // 9) + b"[]]}",
    "empty rows": b'{"X":[' + b"[]," * (SIZE // 3) + b"[]]}",
    "empty records": b'{"X":[' + b"{}," * (SIZE // 3) + b"{}]}",
    "a number of a million digits": b'{"X":[' + b"9" * (SIZE // 2) + b",1,1,1]}",
    "a number beyond all bounds": b'{"X":[1e999999999,1,1,1]}',
    "a long string": b'{"X":["' + b"a" * (SIZE // 2) + b'"]}',
    "many short strings": b'{"X":[' + b'"ab",' * (SIZE // 5) + b"0]}",
    "many keys": b"{" + FEW + b"}",
    "a record of many keys": b'{"X":[{' + FEW + b"}]}",
    "a wide row": b'{"X":[[' + b"1.5," * (SIZE // 4) + b"0]]}",
    "numbers for rows": b'{"X":[' + b"257," * (SIZE // 4) + b"0]}",
}


def test_no_body_however_ugly_takes_the_memory_that_a_pod_has(server):
    """One after the other: what the first leaves must not add up either."""
    for name, body in UGLY.items():
        for path in ("/score", "/predict"):
            answer = fetch(server.url + path, body, {"Content-Type": "application/json"})
            assert 400 <= answer.status < 500, (name, path, answer.body[:200])
            assert len(answer.body) < 100_000, (name, path)
    assert process_status(server, "VmHWM") < LIMIT
    assert answers(server)

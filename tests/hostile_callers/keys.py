"""Callers without a key: refused by the head of their request alone, for next to nothing."""

import socket
from contextlib import suppress
from statistics import median
from time import monotonic

from tests.hostile_callers import bodies, wire
from tests.hostile_callers.report import Row
from tests.hostile_callers.service import MAX_BODY

KEY = "a-key-of-the-budget-test"
REFUSALS = 200
MOST_SECONDS, MOST_CPU, MOST_GROWTH = 0.005, 0.001, 1 << 20
"""A few ms to wait, 1 ms to compute. The kernel counts a group's memory in steps that a few kB would not show in."""
MOST_FOR_ALL = 4 << 20
"""For all refusals together, each on a connection of its own, with the threads that this starts."""
MOST_FOR_CONNECTION = 64 << 10
"""For a connection that stays, with its part of the threads, and of the kernel's buffers."""
PUBLIC = ("form", "repository index")
"""Pages and the list of models ask for no key: they answer nothing that a model says."""


def _first_line(url, content, seconds=1):
    """Send the head of a request alone, and return the first line of what comes, and when it came."""
    start = monotonic()
    with wire.connect(url) as connection:
        connection.settimeout(seconds)
        connection.sendall(content)
        try:
            return connection.recv(4096).partition(b"\r\n")[0].decode(), monotonic() - start
        except (TimeoutError, ConnectionError) as error:
            return type(error).__name__, monotonic() - start


def _heads(found):
    """Return heads that announce a body which never comes."""
    path = bodies.path(found.body, found.surface)
    headers = {"Content-Type": found.surface.content_type, **dict(found.surface.headers)}
    headers |= {"Content-Encoding": found.body.coding} if found.body.coding else {}
    length, chunks = {"Content-Length": MAX_BODY}, {"Transfer-Encoding": "chunked"}
    return {
        "head alone": wire.head(path, headers | length),
        "Expect": wire.head(path, headers | length | {"Expect": "100-continue"}),
        "chunked head": wire.head(path, headers | chunks),
        "wrong key": wire.head(path, headers | length | {"X-API-Key": "not-" + KEY}),
    }


def refused(service, found):
    """Return a row for each way in which one surface's worst body is announced or sent without a key."""
    name, service_url = found.surface.name, service.url
    for case, content in _heads(found).items():
        before = service.begin()
        line, seconds = _first_line(service_url, content)
        growth = service.peak() - before
        faults = [] if " 401 " in line else [f"{line} before the body" if line else "hung up"]
        faults += [f"{growth >> 10} kB"] if growth > MOST_GROWTH else []
        yield Row("keys", f"{name}, {case}", growth, 0.0, f"{line} after {seconds * 1000:.0f} ms", tuple(faults))
    before = service.begin()
    answer = wire.exchange(service_url, bodies.sent(found.body, found.surface, MAX_BODY))
    growth = service.peak() - before
    faults = [] if answer.status == 401 else [f"{answer.status or answer.fault}"]
    faults += [f"{growth >> 10} kB"] if growth > MOST_GROWTH else []
    yield Row("keys", f"{name}, whole body", growth, 0.0, f"{answer.status or answer.fault}", tuple(faults))


def cost(service, path="/score"):
    """Return a row for what one refusal costs, over many of them, each on a connection of its own."""
    content = wire.head(path, {"Content-Type": "application/json", "Content-Length": MAX_BODY})
    before, used, times = service.begin(), service.cpu_seconds(), []
    for _ in range(REFUSALS):
        line, seconds = _first_line(service.url, content, 2)
        times.append(seconds)
        if " 401 " not in line:
            return Row("keys", "cost of a refusal", 0.0, 0.0, line, (f"{line}, not 401",))
    cpu, growth, middle = (service.cpu_seconds() - used) / REFUSALS, service.peak() - before, median(times)
    faults = [f"{middle * 1000:.1f} ms"] if middle > MOST_SECONDS else []
    faults += [f"{cpu * 1000:.2f} ms of CPU"] if cpu > MOST_CPU else []
    faults += [f"{growth >> 10} kB"] if growth > MOST_FOR_ALL else []
    figures = f"{middle * 1000:.2f} ms, {cpu * 1000:.2f} ms of CPU"
    return Row("keys", "cost of a refusal", growth, 0.0, figures, tuple(faults))


def half_sent(service, number=500):
    """Return a row for callers without a key who announce bodies: one with a key is answered meanwhile."""
    content = wire.head("/score", {"Content-Type": "application/json", "Content-Length": MAX_BODY}) + b'{"X":['
    row = {"Content-Type": "application/json", "X-API-Key": KEY}
    before, held = service.begin(), []
    try:
        for _ in range(number):
            held.append(wire.connect(service.url))
            # It may be refused while this is sent.
            with suppress(OSError):
                held[-1].sendall(content)
        answer = wire.exchange(service.url, wire.request("/score", row, b'{"X":[5.1,3.5,1.4,0.2]}'), 10)
        growth = service.peak() - before
    except OSError as error:
        return Row("keys", f"{number} announce bodies", 0.0, 0.0, type(error).__name__, (type(error).__name__,))
    finally:
        for connection in held:
            with connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    good = answer.status == 200 and answer.seconds < 2
    faults = [] if good else [f"{answer.status or answer.fault}, {answer.seconds:.1f} s"]
    faults += [f"{growth >> 20} MiB"] if growth > number * MOST_FOR_CONNECTION else []
    return Row("keys", f"{number} announce bodies", growth, 0.0, f"{answer.seconds:.2f} s with a key", tuple(faults))

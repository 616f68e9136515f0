"""Connections that announce, drip, pipeline or do not read: what they may hold, and for how long."""

import json
import resource
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

from tests.hostile_callers import wire
from tests.hostile_callers.report import Watch
from tests.hostile_callers.service import MAX_BODY, MEGABYTE

JSON = {"Content-Type": "application/json"}
OPENING_SECONDS = 15
HOLD_SECONDS, RECOVERY_SECONDS, HONEST_SECONDS = 4, 30, 2
MOST_SECONDS = 45
"""No connection without progress may last longer, whatever the caller does: more than all documented timeouts."""
SLACK = (256, 8, 24 * MEGABYTE)
"""How many threads, files and bytes more there may be afterwards: requests take turns on all threads, so none ends."""

ROW = b'{"X":[5.1,3.5,1.4,0.2]}'
SMALL = wire.head("/score", JSON | {"Content-Length": len(ROW)})
PIPELINED = wire.head("/openapi.json", {}, "GET") * 10 + (SMALL + ROW) * 10
LARGE = wire.request(
    "/v1/models/text:predict?proba=1&labels=1", JSON, json.dumps({"instances": ["word1"] * 1000}).encode()
)  # fmt: skip
DRIP = wire.head("/score", JSON | {"Content-Length": 300_000})


class Attack:
    """Connections of one kind: what is sent at once, then what is sent and read on each every second."""

    def __init__(self, number, first, *, drip=b"", reads=0, buffer=0):
        self.number, self.first, self.drip, self.reads, self.buffer = number, first, drip, reads, buffer

    def open(self, url, number=0):
        """Return its connections, those that could be opened; none blocks afterwards."""
        found, end = [], monotonic() + OPENING_SECONDS
        for _ in range(number or self.number):
            if monotonic() > end:
                break
            with suppress(OSError):
                connection = wire.connect(url, self.buffer)
                connection.settimeout(5 if len(self.first) > MEGABYTE else 0)
                found.append(connection)
                connection.sendall(self.first)
        for connection in found:
            connection.settimeout(0)
        return found

    def tick(self, connections):
        """Do on each what is done every second."""
        for connection in connections:
            with suppress(OSError):
                if self.drip:
                    connection.send(self.drip)
                if self.reads:
                    connection.recv(self.reads)


NEARLY = wire.head("/score", JSON | {"Content-Length": MAX_BODY}) + b'{"X":[' + b"1," * (MAX_BODY // 2 - 10)
ATTACKS = {
    "200 announce 300 kB and send nothing": Attack(200, DRIP),
    "2000 half-sent bodies": Attack(2000, DRIP + b'{"X":[' + b"1," * 500),
    "600 half-sent bodies of 20 kB": Attack(600, DRIP + b'{"X":[' + b"1," * 10_000),
    "2000 half-sent heads": Attack(2000, b"POST /score HTTP/1.1\r\nHost: x\r\nX-More: "),
    "64 send 3 MB but the end": Attack(64, NEARLY),
    "500 ask for 1 MB and never read": Attack(500, LARGE, buffer=2048),
    "500 read a byte a second": Attack(500, LARGE, reads=1, buffer=2048),
    "1000 pipeline and do not read": Attack(1000, PIPELINED, drip=PIPELINED, buffer=2048),
    "500 drip heads": Attack(500, b"POST /score HTTP/1.1\r\nHost: x\r\nX-More: ", drip=b"a"),
    "500 drip bodies": Attack(500, DRIP + b'{"X":[', drip=b"1"),
    "500 drip chunks": Attack(
        500, wire.head("/score", JSON | {"Transfer-Encoding": "chunked"}) + b'6\r\n{"X":[\r\n', drip=b"1\r\n1\r\n"
    ),
    "200 unread openapi.json, kept alive": Attack(200, wire.head("/openapi.json", {}, "GET") * 40, buffer=2048),
    "200 announce gzip and drip": Attack(
        200, wire.head("/score", JSON | {"Content-Length": 300_000, "Content-Encoding": "gzip"}), drip=b"\x1f"
    ),
}  # fmt: skip
LEAVING_SECONDS, LEAVING_CALLERS = 6, 40
LEAVERS = {"send 34 kB and leave": 2_000, "send 140 kB and leave": 8_500, "send 1.7 MB and leave": 100_000}
"""How many rows the callers send who do not wait for the answer, hundreds or thousands of them a second."""


def allow_files():
    """Allow this process as many connections as it may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def warm_up(service, large):
    """Use it as honest callers do, so that what it keeps for good is there before anything is compared."""
    callers = [wire.connect(service.url) for _ in range(40)]
    for caller in callers:
        caller.sendall(SMALL + ROW[:5])
    sleep(0.3)
    for caller in callers:
        with caller:
            caller.sendall(ROW[5:])
            wire.read(caller)
    with ThreadPoolExecutor(40) as pool:
        list(pool.map(lambda content: wire.exchange(service.url, content), [LARGE] * 80 + [large] * 2))


def attacked(service, prober, name):
    """Return a row for one attack: held for some seconds, then ended by hanging up."""
    attack, before = ATTACKS[name], service.resources()
    watch = Watch(service, prober, "connections", name)
    with ExitStack() as held:
        connections = [held.enter_context(each) for each in attack.open(service.url)]
        # Opening takes its time, too; what counts is how long it lasts after all are there.
        end = monotonic() + HOLD_SECONDS
        while monotonic() < end and service.alive:
            attack.tick(connections)
            sleep(1)
        prober.settle()
        outcome, faults = _honest(prober, watch.start)
        row = watch.row(f"{len(connections)} held, {outcome}", faults)
    if not service.alive:
        return row
    took, left = _recovered(service, before)
    if left:
        row = replace(row, faults=(*row.faults, left))
    return replace(row, outcome=f"{row.outcome}, recovered after {took:.0f} s")


def left(service, name):
    """Return a row for callers who each send a whole body, hang up at once, and come again.

    Only memory is judged: they use up all CPUs, and a probe may be among the connections that are closed.
    """
    content = wire.request("/score", JSON, b'{"X":[' + b",".join([b"[5.1,3.5,1.4,0.2]"] * LEAVERS[name]) + b"]}")
    watch, end = Watch(service, None, "connections", name), monotonic() + LEAVING_SECONDS

    def leave():
        number = 0
        while monotonic() < end and service.alive:
            with suppress(OSError), wire.connect(service.url) as connection:
                connection.sendall(content)
                number += 1
        return number

    with ThreadPoolExecutor(LEAVING_CALLERS) as pool:
        number = sum(pool.map(lambda _: leave(), range(LEAVING_CALLERS)))
    return watch.row(f"{number / LEAVING_SECONDS:.0f} a second")


def _honest(prober, start):
    """Judge the answers to small rows, ten a second: each within its time, and most of them not turned away."""
    found = prober.since(start, "honest")
    slow = [each for each in found if each.seconds > HONEST_SECONDS or each.status not in (200, 503)]
    busy = sum(each.status == 503 for each in found)
    how = ", ".join(sorted({f"{each.status or each.fault} after {each.seconds:.1f} s" for each in slow}))
    # Among hundreds that send slowly, one that has just begun to send can be taken for one of them.
    faults = [f"honest: {len(slow)} of {len(found)} late or not answered: {how}"] if len(slow) > len(found) / 20 else []
    faults += [] if found else ["honest: none was asked"]
    faults += [f"honest: {busy} of {len(found)} got 503"] if busy > len(found) / 2 else []
    return f"honest worst {max((each.seconds for each in found), default=0):.2f} s", faults


def _recovered(service, before):
    """Wait until threads, files and memory are where they were, and return how long that took and what is left."""
    start = monotonic()
    while (took := monotonic() - start) < RECOVERY_SECONDS and service.alive:
        more = [now - then for now, then in zip(service.resources(), before, strict=True)]
        if all(found <= slack for found, slack in zip(more, SLACK, strict=True)):
            return took, ""
        sleep(0.25)
    return took, f"left: {more[0]} threads, {more[1]} files, {more[2] / MEGABYTE:.0f} MiB"


class Lasting:
    """Some connections of every kind, to see that the service ends them while their callers go on."""

    def __init__(self, url, number=3):
        self._start, self._ended, self._end = monotonic(), {}, threading.Event()
        self._port = int(url.rpartition(":")[2])
        self._held = {name: attack.open(url, number) for name, attack in ATTACKS.items()}
        self._ports = {name: {each.getsockname()[1] for each in some} for name, some in self._held.items()}
        self._thread = threading.Thread(target=self._drive, daemon=True)
        self._thread.start()

    def _open(self, name):
        """Count those that the service holds: whether its caller hears of the end depends on what he reads."""
        return len(self._ports[name] & _held_by_a_process(self._port))

    def _drive(self):
        while not self._end.wait(1):
            for name, connections in self._held.items():
                ATTACKS[name].tick(connections)
                if name not in self._ended and not self._open(name):
                    self._ended[name] = monotonic() - self._start

    def rows(self, service):
        """Wait until all are ended or the time is over, and return a row for each kind."""
        while len(self._ended) < len(ATTACKS) and monotonic() < self._start + MOST_SECONDS and service.alive:
            sleep(0.5)
        self._end.set()
        self._thread.join()
        for name, connections in self._held.items():
            watch = Watch(service, None, "connections", f"ended: {name.partition(' ')[2]}")
            took = self._ended.get(name, 0.0)
            outcome = f"after {took:.0f} s" if took else f"{self._open(name)} of {len(connections)} still open"
            yield watch.row(outcome, () if 0 < took < MOST_SECONDS else (f"held for {MOST_SECONDS} s",))
        for connection in (each for several in self._held.values() for each in several):
            connection.close()


def _held_by_a_process(port):
    """Return the callers' ports of all connections to a port that a process holds; a closed one has no inode."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = [(fields[2], fields[9]) for fields in lines if int(fields[1].partition(":")[2], 16) == port]
    return {int(remote.partition(":")[2], 16) for remote, inode in ours if inode != "0"}

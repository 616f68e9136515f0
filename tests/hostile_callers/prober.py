"""A process of its own that probes a service, so that no work of the attackers' process delays what it measures.

`python -m tests.hostile_callers.prober URL ADMIN_URL BODY` asks each probe ten times a second and the metrics twice, on
fresh connections, and prints a line for each.
"""

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import monotonic, sleep

from tests.hostile_callers import wire

EVERY = {"readyz": 0.1, "livez": 0.1, "metrics": 0.5, "honest": 0.1}
PROBES = ("readyz", "livez", "metrics")
# Twice what is allowed.
SECONDS = {"readyz": 4.0, "livez": 4.0, "metrics": 20.0, "honest": 4.0}
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Sample:
    """One probe: when it began, what it took, and the status or the fault."""

    name: str
    start: float
    seconds: float
    status: int
    fault: str


def _probe(name, url, content):
    start = monotonic()
    found = wire.exchange(url, content, SECONDS[name])
    # In one write, or two threads share a line.
    os.write(1, json.dumps([name, start, found.seconds, found.status, found.fault]).encode() + b"\n")


def _repeat(*job):
    """Start a probe at every tick, whether the one before was answered or not: a long stall is many slow probes."""
    tick = monotonic()
    while True:
        threading.Thread(target=_probe, args=job, daemon=True).start()
        tick += EVERY[job[0]]
        sleep(max(tick - monotonic(), 0))


def main():
    url, admin, body = sys.argv[1:]
    # The kubelet computes elsewhere: it does not wait for the pod's CPUs as this process would here.
    with suppress(OSError):
        os.nice(-10)
    get = {"Connection": "close"}
    jobs = [
        ("readyz", url, wire.head("/readyz", get, "GET")), ("livez", admin, wire.head("/livez", get, "GET")),
        ("metrics", admin, wire.head("/metrics", get, "GET")),
        ("honest", url, wire.request("/score", {"Content-Type": "application/json"}, body.encode())),
    ]  # fmt: skip
    threads = [threading.Thread(target=_repeat, args=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    sys.stdin.read()


class Prober:
    """The prober's process, and what it found."""

    def __init__(self, url, admin, body):
        self.samples = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.hostile_callers.prober", url, admin, body],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            if line.endswith("\n"):
                self.samples.append(Sample(*json.loads(line)))

    def stop(self):
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stdin.close()
        self._process.stdout.close()

    def settle(self):
        """Wait until the probes that are on their way, and one more of each, are answered or given up."""
        now, end = monotonic(), monotonic() + max(SECONDS.values()) + 1
        while monotonic() < end and any(not self.since(now, name) for name in SECONDS):
            sleep(0.02)

    def since(self, start, name):
        found = [each for each in list(self.samples) if each.start >= start and each.name == name]
        return sorted(found, key=lambda each: each.start)


def worst_of_medians(samples):
    """Return the worst median of three probes in a row; one that failed took for ever.

    A kubelet takes a pod out after two or three failures in a row, never after one, and on a machine that shares two
    cores with the attackers one probe may lie behind a time slice of theirs. Two of three are the service's own fault.
    """
    times = [each.seconds if each.status == 200 else float("inf") for each in samples]
    return max((median(times[n : n + 3]) for n in range(max(len(times) - 2, 1))), default=0.0) if times else 0.0


if __name__ == "__main__":
    main()

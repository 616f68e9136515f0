"""Ask five times what a server can answer, and see what becomes of those it takes, and of its health and memory."""

import json
import os
import resource
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep

from loadtest.callers import Callers
from tests.helpers.server import fetch, running

ROWS = json.dumps({"X": [[5.1, 3.5, 1.4, 0.2]] * 5000})
PAGE = resource.getpagesize()
SECONDS, FEW, MANY = 15.0, 4, 400


def measured(rate, callers, url, seconds=SECONDS):
    """Ask at a rate for so long, and return what the callers say."""
    found = Callers(f"{url}/score", ROWS, rate, callers)
    sleep(seconds)
    return found.stop()


@contextmanager
def watched(server):
    """Ask for health and memory all the time; give how often the server was ready or not, and the most memory."""
    outcome, over = {"ready": 0, "not": 0, "mib": 0.0}, Event()

    def look():
        while not over.wait(0.2):
            outcome["ready" if fetch(f"{server.url}/readyz").status == 200 else "not"] += 1
            pages = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1])
            outcome["mib"] = max(outcome["mib"], pages * PAGE / 2**20)

    thread = Thread(target=look)
    thread.start()
    try:
        yield outcome
    finally:
        over.set()
        thread.join()


@contextmanager
def apart():
    """Keep this process on one core, where there are two, and give the command that keeps another on the other."""
    cores = os.sched_getaffinity(0)
    own, *_, other = sorted(cores) * 2
    os.sched_setaffinity(0, {own})
    try:
        yield ("taskset", "-c", str(other))
    finally:
        os.sched_setaffinity(0, cores)


def measure_overload():
    """Find out what a server can do, ask five times of it, and then as little as before."""
    with apart() as command, running(*command, model="iris", log_level="error") as server:
        can = measured(10_000, FEW, server.url)
        capacity = can["requests"] / can["seconds"]
        with watched(server) as outcome:
            much = measured(5 * capacity, MANY, server.url)
        ended = monotonic()
        while fetch(f"{server.url}/score", ROWS.encode()).status != 200:
            sleep(0.01)
        recovered = monotonic() - ended
        after = measured(capacity / 4, FEW, server.url)
    shed = [each for each in much["why"] if each["why"].startswith("503")]
    return {
        "capacity": capacity, "asked": much["requests"] / much["seconds"], "requests": much["requests"],
        "shed": len(shed), "otherwise_lost": much["lost"] - len(shed), "recovered_s": recovered,
        "p99_ms": much["p99_since_sent_ms"], "p99_calm_ms": can["p99_since_sent_ms"], "lost_after": after["lost"],
        **outcome,
    }  # fmt: skip

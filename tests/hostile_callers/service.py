"""The service as the image runs it, in a cgroup, with what is measured of it."""

import os
import re
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep

import yaml

from tests.helpers.server import running
from tests.hostile_callers import cgroup, models
from tests.hostile_callers.prober import Prober

ROOT = Path(__file__).parents[2]
MEGABYTE = 1 << 20
BASE = yaml.safe_load((ROOT / "base" / "kustomization.yaml").read_text())
SETTINGS = dict(each.split("=", 1) for each in BASE["configMapGenerator"][0]["literals"])
POD = yaml.safe_load((ROOT / "base" / "deployment.yaml").read_text())["spec"]["template"]["spec"]["containers"][0]
_MONITOR = yaml.safe_load((ROOT / "components" / "monitoring" / "monitor.yaml").read_text())["spec"]["endpoints"][0]
_KUBELET_SECONDS = float(POD["readinessProbe"]["timeoutSeconds"])
MOST_PROBE_SECONDS = {
    "readyz": _KUBELET_SECONDS,
    "livez": _KUBELET_SECONDS,
    "metrics": float(_MONITOR["scrapeTimeout"].removesuffix("s")),
}
"""What the kubelet and Prometheus wait for. The goal is half a second; here the attackers share the machine."""
LIMIT = int(POD["resources"]["limits"]["memory"].removesuffix("Mi")) * MEGABYTE
MOST = 230 * MEGABYTE
MAX_BODY = int(SETTINGS["MAX_BODY_SIZE"].removesuffix("m")) * MEGABYTE
MAX_ROWS = 200_000
# Answers are remembered too, as docs/monitoring.md has it: the largest cost that a documented setting adds.
SETTINGS |= {"FEEDBACK_CAPACITY": "10000"}
# Freed memory goes back at once, so that the next peak is that of the next body: for the search, never for a verdict.
RETURNING = {"MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "131072"}


class Service:
    """A running service and its measures."""

    def __init__(self, process, group, log):
        self.process, self.group, self.log = process, group, log
        self.url, self.admin, self.pid = process.url, process.admin, process.pid
        self._peak = self._cache = 0
        self._end = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()

    def _sample(self):
        while not self._end.wait(0.01):
            held, cache = self.group.held()
            self._peak, self._cache = max(self._peak, held), max(self._cache, cache)

    def stop(self):
        self._end.set()
        self._sampler.join()

    def begin(self):
        """Forget the peak, and return what is held now."""
        self.group.reset_peak()
        self._peak, self._cache = self.group.held()
        return self._peak

    def peak(self):
        """Return the largest amount since then that the kernel could not have reclaimed.

        The kernel's own peak misses nothing but counts the page cache, which it gives up before it kills; samples
        know the cache apart but may miss the moment. The largest cache is subtracted: never too much is reported.
        """
        return max(self._peak, self.group.peak() - self._cache)

    @property
    def alive(self):
        return self.process.poll() is None and not self.group.oom_kills()

    def resources(self):
        """Return the number of threads, that of open files, and the memory held."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        threads = int(re.search(r"Threads:\s*(\d+)", status)[1])
        return threads, len(list(Path(f"/proc/{self.pid}/fd").iterdir())), self.group.held()[0]

    def cpu_seconds(self):
        """Return the CPU time it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Log:
    """Reads what the service logs, as a container runtime does, and keeps the last lines."""

    def __init__(self):
        self._read, self.write = os.pipe()
        self.last = b""
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self):
        while part := os.read(self._read, 1 << 16):
            self.last = (self.last + part)[-20_000:]
        os.close(self._read)


@contextmanager
def service(bundles, first="iris", **settings):
    """Start a service of all bundles in a cgroup with the pod's limit; the first is what paths without a name ask."""
    names = (first, *(name for name in models.NAMES if name != first))
    log = Log()
    with ExitStack() as stack:
        stack.callback(os.close, log.write)
        group = stack.enter_context(cgroup.limited(LIMIT))
        given = SETTINGS | {"MODEL": ",".join(names), "BUNDLES": bundles} | settings
        process = stack.enter_context(running(*group.within(), log=log.write, **given))
        found = Service(process, group, log)
        stack.callback(found.stop)
        yield found


@contextmanager
def probed(found, body='{"X":[5.1,3.5,1.4,0.2]}'):
    """Probe a service throughout."""
    prober = Prober(found.url, found.admin, body)
    try:
        end = monotonic() + 20
        while len({each.name for each in prober.samples}) < 4 and monotonic() < end:
            sleep(0.05)
        yield prober
    finally:
        prober.stop()

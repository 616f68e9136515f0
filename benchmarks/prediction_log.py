"""What the prediction log costs: one server with it and one without, loaded in turns, and compared by CPU time.

Run: python -m benchmarks.prediction_log (needs wrk and Linux)
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.request import urlopen

from benchmarks.arena import HERE, SECONDS, load, running, wait
from benchmarks.contestants import OURS

ROUNDS = int(os.environ.get("ROUNDS", "7"))
MODELS = ("purchase", "iris", "churn")


class Round(NamedTuple):
    """What one load showed."""

    cpu: float
    """Of the server, in µs a request."""
    rate: float
    p99: float


class Server:
    """A server, with the log or without."""

    def __init__(self, stack: ExitStack, model: str, names: list[str], sent: bytes, *, logs: bool) -> None:
        self._scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        log = {"PREDICTION_LOG": str(self._scratch / "predictions"), "PREDICTION_LOG_BYTES": "2g"} if logs else {}
        port, process = stack.enter_context(running(OURS, model, names, self._scratch, PUBLIC_METRICS="1", **log))
        self._url, self._pid, self._sent = f"http://127.0.0.1:{port}", process.pid, sent
        wait(f"{self._url}{OURS.path}", sent, process)

    def round(self) -> Round:
        """Load it for a while."""
        before = self._cpu_seconds()
        rate, _, p99, errors = load(f"{self._url}{OURS.path}", self._sent, self._scratch)
        assert not errors
        return Round((self._cpu_seconds() - before) / (rate * SECONDS) * 1e6, rate, p99)

    def _cpu_seconds(self) -> float:
        tasks = Path(f"/proc/{self._pid}/task").iterdir()
        return sum(int((each / "schedstat").read_text().split()[0]) for each in tasks) / 1e9

    def dropped(self) -> float:
        """Return the rows that were not logged."""
        lines = urlopen(f"{self._url}/metrics", timeout=10).read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("prediction_log_dropped_total"))


def main() -> None:
    """Print one line a model; the share is what is left of the rate where the CPU is the limit."""
    print("model      CPU µs  with log  share     rate  with log  p99 ms  with log dropped")
    for model in MODELS:
        manifest = json.loads((HERE / "model" / "bundles" / model / "manifest.json").read_text())
        names = [feature["name"] for feature in manifest["signature"]["features"]]
        row = next(row for row in manifest["golden"]["rows"] if None not in row)
        with ExitStack() as stack:
            sent = OURS.body([row], names)
            pair = [Server(stack, model, names, sent, logs=logs) for logs in (False, True)]
            rounds: tuple[list[Round], list[Round]] = ([], [])
            for number in range(ROUNDS):
                # First one, then the other, and the other way round: neither always comes after a busy moment.
                for place in (0, 1) if number % 2 else (1, 0):
                    rounds[place].append(pair[place].round())
            dropped = pair[1].dropped()
        share = median(one.cpu / other.cpu for one, other in zip(*rounds, strict=True))
        without, logged = (Round(*map(median, zip(*each, strict=True))) for each in rounds)
        print(
            f"{model:10} {without.cpu:6.1f} {logged.cpu:9.1f} {share:6.0%} {without.rate:8,.0f} {logged.rate:9,.0f} "
            f"{without.p99:7.2f} {logged.p99:9.2f} {dropped:7,.0f}"
        )


if __name__ == "__main__":
    main()

"""What the prediction log costs: the same server with and without it, in rounds that take turns.

Run: python -m benchmarks.prediction_log (needs wrk)
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from statistics import median
from urllib.request import urlopen

from benchmarks.arena import HERE, load, running, wait
from benchmarks.contestants import OURS

ROUNDS = int(os.environ.get("ROUNDS", "7"))
MODELS = ("purchase", "iris", "churn")


def round_of(model: str, names: list[str], row: list, log: Path | None) -> tuple[float, float, float]:
    """Return requests a second, p99 in ms, and the rows that were dropped."""
    sent = OURS.body([row], names)
    with tempfile.TemporaryDirectory() as scratch:
        settings = {"PREDICTION_LOG": str(log), "PREDICTION_LOG_BYTES": "900m"} if log else {}
        settings["PUBLIC_METRICS"] = "1"
        with running(OURS, model, names, Path(scratch), **settings) as (port, process):
            url = f"http://127.0.0.1:{port}"
            wait(f"{url}{OURS.path}", sent, process)
            rate, _, p99, errors = load(f"{url}{OURS.path}", sent, Path(scratch))
            assert not errors
            lines = urlopen(f"{url}/metrics", timeout=10).read().decode().splitlines()
    dropped = sum(float(line.split()[-1]) for line in lines if line.startswith("prediction_log_dropped_total"))
    return rate, p99, dropped


def main() -> None:
    """Print one line a model."""
    print(f"{'model':10} {'rate':>8} {'with log':>9} {'share':>6} {'p99 ms':>7} {'with log':>9} dropped")
    for model in MODELS:
        manifest = json.loads((HERE / "model" / "bundles" / model / "manifest.json").read_text())
        names = [feature["name"] for feature in manifest["signature"]["features"]]
        row = next(row for row in manifest["golden"]["rows"] if None not in row)
        without, logged = [], []
        for number in range(2 * ROUNDS):
            # First one, then the other, and the other way round: neither always comes after a busy moment.
            if number % 4 in (0, 3):
                without.append(round_of(model, names, row, None))
                continue
            folder = Path(tempfile.mkdtemp())
            logged.append(round_of(model, names, row, folder))
            shutil.rmtree(folder)
        (rate, p99, _), (rate_logged, p99_logged, dropped) = (
            [median(each) for each in zip(*rounds, strict=True)] for rounds in (without, logged)
        )
        share = rate_logged / rate
        print(f"{model:10} {rate:8,.0f} {rate_logged:9,.0f} {share:6.0%} {p99:7.2f} {p99_logged:9.2f} {dropped:7,.0f}")


if __name__ == "__main__":
    main()

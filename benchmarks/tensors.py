"""What the tables do not show: binary tensors beside predicting in process, and a probe while a large batch runs."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Event, Thread
from time import monotonic, perf_counter, sleep
from urllib.request import Request, urlopen

import numpy as np

from benchmarks.arena import KEY, load, running, wait
from benchmarks.contestants import OURS
from model.bundle.files import read
from model.runtime.load import load as load_model

ROWS, WIDTH, LARGE = 1000, 20, 200_000
FEW = 4
"""Connections; more than the server takes at once would measure how fast it refuses."""
TRAIN = """
import sys, joblib, numpy as np, pandas as pd
from sklearn.ensemble import RandomForestClassifier
rng = np.random.default_rng(0)
table = pd.DataFrame(rng.normal(size=(2000, 20)), columns=[f"x{n}" for n in range(20)])
target = (table.x0 + table.x1 * table.x2 > 0).astype(int)
joblib.dump(RandomForestClassifier(100, max_depth=10, random_state=0).fit(table, target), f"{sys.argv[1]}/model.joblib")
table.assign(target=target).to_csv(f"{sys.argv[1]}/data.csv", index=False)
"""


def bundle(folder: Path) -> Path:
    """Pack a forest over twenty numbers, and return the folder of its bundle."""
    subprocess.run([sys.executable, "-c", TRAIN, folder], check=True)
    command = [sys.executable, "-m", "model", "add", folder / "model.joblib", "--data", folder / "data.csv"]
    more = ["--target", "target", "--name", "forest", "--bundles", folder / "bundles"]
    subprocess.run([*command, *more], check=True, capture_output=True)
    return folder / "bundles"


def extras() -> str:
    """Return both measurements in words."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        bundles = bundle(folder)
        return f"{binary(folder, bundles)}\n{probe(folder, bundles)}"


def binary(folder: Path, bundles: Path) -> str:
    """Compare rows a second through a V2 binary request with predict in this process."""
    table = np.random.default_rng(1).normal(size=(ROWS, WIDTH))
    model = load_model(read(bundles, "forest"))
    model.predict(table)
    start, times = perf_counter(), 0
    while perf_counter() - start < 3:
        model.predict(table)
        times += 1
    inside = times * ROWS / (perf_counter() - start)
    raw = table.tobytes()
    tensor = {"name": "X", "shape": [ROWS, WIDTH], "datatype": "FP64", "parameters": {"binary_data_size": len(raw)}}
    header = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    with running(OURS, "forest", [], folder, BUNDLES=str(bundles)) as (port, process):
        url = f"http://127.0.0.1:{port}"
        wait(f"{url}/score", json.dumps({"X": table[:1].tolist()}).encode(), process)
        kind = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(header))}
        rate, _, _, errors = load(f"{url}/v2/models/forest/infer", header + raw, folder, kind, FEW)
    if errors:
        raise RuntimeError(f"{errors:.0f} requests of binary tensors were not answered")
    return (
        f"V2 binary, {ROWS:,} rows x {WIDTH}, 100 trees: {rate * ROWS:,.0f} rows/s, "
        f"{rate * ROWS / inside:.2f} of predict in process ({inside:,.0f})"
    )


def probe(folder: Path, bundles: Path) -> str:
    """Ask a probe again and again while a large batch is answered."""
    sent = json.dumps({"X": [[0.5] * WIDTH] * LARGE}).encode()
    late: list[float] = []
    settings = {"BUNDLES": str(bundles), "MAX_ROWS": str(LARGE), "MAX_BODY_SIZE": str(len(sent) + 1)}
    with running(OURS, "forest", [], folder, **settings) as (port, process):
        url = f"http://127.0.0.1:{port}"
        wait(f"{url}/score", json.dumps({"X": [0.5] * WIDTH}).encode(), process)
        done = Event()

        def ask() -> None:
            with urlopen(Request(f"{url}/score", sent, {"X-API-Key": KEY}), timeout=300) as answer:
                answer.read()
            done.set()

        start = monotonic()
        Thread(target=ask).start()
        while not done.is_set():
            asked = perf_counter()
            urlopen(f"{url}/livez", timeout=30).read()
            late.append((perf_counter() - asked) * 1000)
            sleep(0.005)
        took = monotonic() - start
    return (
        f"a probe while {LARGE:,} rows are answered in {took:.1f} s: {len(late)} times, the slowest {max(late):.0f} ms"
    )

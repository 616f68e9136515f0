"""Score a file beside the same by hand: read with pyarrow, InferenceSession.run, write. One core each.

Run: python -m benchmarks.files [ROWS], by default ten million of 20 columns. Rounds take turns, so that the machine's
moods strike both alike.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS, ROUNDS, GROUP = 20, int(os.environ.get("ROUNDS", "3")), 1 << 20
NAMES = [f"f{place:02}" for place in range(COLUMNS)]
MEASURED = """
import resource, sys, time
{program}
start = time.perf_counter()
run(*sys.argv[1:])
print(time.perf_counter() - start, time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
OURS = """
from pathlib import Path
from model.batch.job import Request
from model.batch.run import score
from model.batch.scorer import Wanted
from model.batch.watch import Watch
def run(bundles, source, output):
    score(Request("wide", source, output, Path(bundles), Wanted(), replace=True), Watch())
"""
BY_HAND = """
import numpy as np, onnxruntime, pyarrow as pa, pyarrow.parquet as pq
def run(bundles, source, output):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(f"{bundles}/wide/model.onnx", options, providers=["CPUExecutionProvider"])
    file, writer = pq.ParquetFile(source), None
    for batch in file.iter_batches(batch_size=1 << 17):
        rows = np.column_stack([column.to_numpy() for column in batch.columns])
        (answers,) = session.run(["predict"], {"X": rows})
        table = pa.Table.from_batches([batch]).append_column("prediction", pa.array(answers.ravel()))
        writer = writer or pq.ParquetWriter(output, table.schema)
        writer.write_table(table)
    writer.close()
"""


def prepare(folder: Path, rows: int) -> None:
    """Pack a model of 20 numbers, and write rows for it."""
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from score_app import pack

    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.normal(size=(2000, COLUMNS)), columns=NAMES)
    truth = (frame.sum(axis=1) + draw.normal(size=2000) > 0).astype(int)
    pack(make_pipeline(StandardScaler(), LogisticRegression()).fit(frame, truth), frame, name="wide", bundles=folder)
    schema = pa.schema([(name, pa.float64()) for name in NAMES])
    with pq.ParquetWriter(folder / "in.parquet", schema) as writer:
        for start in range(0, rows, GROUP):
            count = min(GROUP, rows - start)
            writer.write_table(pa.table([draw.normal(size=count) for _ in NAMES], schema=schema))


def measure(program: str, folder: Path) -> tuple[float, float, float]:
    """Return the seconds, those of the processor, and the largest memory in MiB of one run on one core."""
    core = min(os.sched_getaffinity(0))
    done = subprocess.run(
        [sys.executable, "-c", MEASURED.format(program=program), folder, folder / "in.parquet", folder / "out.parquet"],
        check=True, capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )  # fmt: skip
    seconds, busy, memory = map(float, done.stdout.split())
    return seconds, busy, memory


def main() -> None:
    """Print a line for each."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with TemporaryDirectory() as place:
        folder = Path(place)
        prepare(folder, rows)
        rounds = [(measure(OURS, folder), measure(BY_HAND, folder)) for _ in range(ROUNDS)]
    ours, hand = ([each[side] for each in rounds] for side in (0, 1))
    for name, found in (("score", ours), ("by hand", hand)):
        seconds, busy = (median(each[place] for each in found) for place in (0, 1))
        memory = max(each[2] for each in found)
        print(f"{name:8} {rows / seconds:12,.0f} rows/s {seconds:6.1f} s, {busy:6.1f} s of CPU {memory:6.0f} MiB")
    for place, name in enumerate(("time", "CPU")):
        print(f"{name}: {median(theirs[place] / own[place] for own, theirs in rounds):.2f} of by hand")


if __name__ == "__main__":
    sys.exit(main())

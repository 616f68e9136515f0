"""What one row costs in this process: reading it, predicting it, beside the bare session and scikit-learn.

Run: python -m benchmarks.rows
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter

from model.bundle.files import ONNX, PICKLE, names, read, root
from model.runtime.estimator import Estimator, unpickle
from model.runtime.load import load
from model.runtime.onnx import PREDICT, open_session

ROUNDS = 15


def microseconds(*calls: Callable[[], object], seconds: float = 0.02) -> list[float]:
    """Return the median time of each call, taken in turn so that the machine's moods strike all alike."""
    counts = []
    for call in calls:
        start = perf_counter()
        call()
        call()
        counts.append(max(3, int(2 * seconds / max(perf_counter() - start, 1e-7))))
    rounds: list[list[float]] = []
    for _ in range(ROUNDS):
        times = []
        for call, count in zip(calls, counts, strict=True):
            start = perf_counter()
            for _ in range(count):
                call()
            times.append((perf_counter() - start) / count * 1e6)
        rounds.append(times)
    return [median(each) for each in zip(*rounds, strict=True)]


def main() -> None:
    """Print one line a compiled bundle."""
    warnings.simplefilter("ignore")
    print(f"{'us, median':11} {'reading':>8} {'predict':>8} {'short':>6} {'bare run':>9} {'ratio':>6} scikit-learn")
    for name in names(root()):
        bundle = read(root(), name)
        manifest = bundle.manifest
        if manifest.runtime != "onnx" or manifest.fallback is None:
            continue
        model = load(bundle)
        row = list(next(row for row in manifest.golden.rows if None not in row))
        table = model.reader(row)
        session = open_session(bundle.files[ONNX])
        feed = table if isinstance(table, dict) else {"X": table}
        original = Estimator(unpickle(bundle.files[PICKLE]), manifest.signature, manifest.fallback)
        reading, predict, short, bare, slow = microseconds(
            partial(model.reader, row),
            partial(model.predict, table),
            partial(model.answer_row, row),
            partial(session.run, [PREDICT], feed),
            partial(original.predict, table),
        )
        print(f"{name:11} {reading:8.2f} {predict:8.2f} {short:6.2f} {bare:9.2f} {predict / bare:6.2f} {slow:12.1f}")


if __name__ == "__main__":
    sys.exit(main())

"""A prediction log in a folder: shipped, and read back."""

from pathlib import Path

import pyarrow.parquet as pq

from model.bundle.files import DEFAULT_ROOT, read
from model.prediction_log.ship import Shipper
from model.prediction_log.store import Store
from model.segments import finish_abandoned, read_segment

ROW = [5.1, 3.5, 1.4, 0.2]
NAMES = list(read(DEFAULT_ROOT, "iris").manifest.signature.names)
CHURN = next(row for row in read(DEFAULT_ROOT, "churn").manifest.golden.rows if None not in row)
TENSOR = {"name": "x", "shape": [1, 4], "datatype": "FP64", "data": ROW}


def ship(folder, store):
    """Ship the segments of a folder, and return the rows in the store, as dicts."""
    finish_abandoned(folder)
    assert Shipper(folder, Store(str(store)), key="a secret", log=lambda *_, **__: None).ship_all()
    return stored(store)


def stored(store, kind="predictions"):
    """Return the rows of a kind in the store, as dicts."""
    paths = sorted((Path(store) / kind).rglob("*.parquet"))
    return [row for path in paths for row in pq.ParquetFile(path).read().to_pylist()]


def records(folder):
    """Return the records in the segments of a folder."""
    return [each for path in sorted(Path(folder).glob("*.jsonl")) for each in read_segment(path)[1]]


def counted(client):
    """Return how many rows were written, and how many dropped."""
    log = client.service.metrics.prediction_log
    return log.rows, sum(log.dropped.values())

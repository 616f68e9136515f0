"""Buffered rows come out as they went in, whatever they hold and whoever adds meanwhile."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from api.telemetry.buffers import RowBuffer
from model.schema.signature import Feature

NUMBERS = [Feature(name=name, type="number", missing=True) for name in "ab"]
TEXTS = [Feature(name="a", type="number"), Feature(name="b", type="string")]


def rows(buffer):
    return [row for columns in buffer.take_columns() for row in zip(*map(list, columns), strict=True)]


def test_numbers_are_packed_and_missing_values_are_kept():
    buffer = RowBuffer(NUMBERS)
    for row in ([1, 2.5, "beyond the counted features"], [None, 3], [True, 4]):
        buffer.add(row, 0, 0.1)
    buffer.add_batch(np.array([[5.0, 6.0]], dtype="float32"), [1], 0.2)
    assert rows(buffer) == [(1, 2.5), (1, 4), (5, 6), (None, 3)]
    assert (list(buffer.answers), list(buffer.seconds), list(buffer.batches)) == ([0, 0, 0, 1], [0.1] * 3, [0.2, 1.0])
    assert rows(buffer) == []


def test_texts_are_kept():
    buffer = RowBuffer(TEXTS)
    buffer.add([1, "x"], 0, 0.1)
    buffer.add_batch({"a": np.array([[2.0]]), "b": np.array([["y"]], dtype=object)}, [0], 0.1)
    assert rows(buffer) == [(1, "x"), (2.0, "y")]


def test_rows_added_by_several_threads_are_all_there():
    buffer, found = RowBuffer(NUMBERS), []
    with ThreadPoolExecutor(4) as pool:
        adding = [pool.submit(lambda: [buffer.add([1, 2], 0, 0.1) for _ in range(2000)]) for _ in range(4)]
        while not all(each.done() for each in adding):
            found += rows(buffer)
    assert len(found + rows(buffer)) == 8000

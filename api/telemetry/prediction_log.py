"""The prediction log: what was asked and answered, in segments that a shipper turns into Parquet.

A request appends one tuple of what it holds anyway to a bounded queue. A thread encodes and writes; what does not fit
the queue or the volume is dropped and counted, and no answer waits for it. A large request, whose rows may not stay in
memory after it, writes its rows itself, in pieces, before its memory is given back.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from time import perf_counter, time
from typing import Any

import msgspec

from api.settings import Settings
from api.telemetry.logs import Log
from api.telemetry.segment_writer import NoRoom, SegmentWriter, lag_seconds
from model.runtime.base import Model
from model.schema.rows import NamedColumns
from model.segments import FORMAT, Header, LoggedModel, Scored, Truth

QUEUED = 4096
"""Places of the queue; a request takes one for each UNIT of its body, so that the rows in it are bounded too."""
UNIT = 256
_POLL_SECONDS = 0.02
_AT_ONCE = 64
"""Records that are encoded in one call, in which no other thread runs."""
_PIECE = 1000
"""Rows of one record; a large request is written in several."""
_encoder = msgspec.json.Encoder()
Item = tuple[Any, ...]
"""Of a request: id, start, seconds, model, route, question, answers, trace id."""


class PredictionLog:
    """Log answered requests and reported truths."""

    def __init__(self, folder: Path, models: Iterable[Model], settings: Settings, log: Log) -> None:
        self.folder = folder
        self.rows = self.bytes = 0
        """What was written."""
        self.dropped: Counter[str] = Counter({"queue": 0, "volume": 0, "error": 0})
        """Rows that were not, by reason."""
        known = {each.name: LoggedModel(each.version, each.signature) for each in models}
        header = _encoder.encode(Header(FORMAT, known, dict(settings.prediction_log_fields))) + b"\n"
        self._writer = SegmentWriter(folder, header, settings.prediction_log_bytes, settings.prediction_log_seconds)
        self._sample = settings.prediction_log_sample
        self._log, self._lock, self._failing = log, Lock(), ""
        self._queue: deque[Any] = deque()
        self._add = self._queue.append
        self._epoch = time() - perf_counter()
        self._stop = Event()
        self._thread = Thread(target=self._run, name="prediction-log", daemon=True)
        self._thread.start()

    def add(self, exchange: Any, seconds: float, trace_id: str | None) -> None:
        """Queue an answered request, an Exchange; a large one is written at once."""
        share = self._sample
        if share < 1 and exchange.number * share % 1 >= share:
            return
        item = (
            exchange.id, exchange.started, seconds, exchange.model.name, exchange.route.path, exchange.question,
            exchange.answers, trace_id,
        )  # fmt: skip
        if exchange.memory:
            self._write_large(item)
        elif len(self._queue) >= QUEUED:
            self._drop(exchange.answers.count, "queue")
        else:
            self._add(item)
            if (size := len(exchange.body)) > UNIT:
                self._queue.extend((None,) * (size // UNIT))

    def _write_large(self, item: Item) -> None:
        """Write a large request in pieces."""
        count = item[6].count
        for first in range(0, count, _PIECE):
            part = slice(first, first + _PIECE) if count > _PIECE else None
            self._safely(partial(self._append_part, item, part), min(_PIECE, count - first))

    def _append_part(self, item: Item, part: slice | None) -> None:
        self._append([self._scored(item, part)])

    def add_truth(self, request_id: str, model: str | None, truths: list[Any]) -> None:
        """Write the ground truth of an earlier request."""
        self._safely(lambda: self._append([Truth(request_id, time(), truths, model)]))

    def close(self) -> None:
        """Write what is queued, and finish the segment."""
        self._stop.set()
        self._thread.join()

    @property
    def lag(self) -> float:
        """Return how long the oldest segment has been waiting for the shipper."""
        return lag_seconds(self.folder)

    def _run(self) -> None:
        ending = False
        while not ending:
            ending = self._stop.wait(_POLL_SECONDS)
            for _ in range(0, len(self._queue), _AT_ONCE):
                self._write(self._take())
            self._safely(self._writer.finish if ending else self._writer.finish_old)

    def _take(self) -> list[Item]:
        """Return the next requests of the queue; those that follow stay there, where they count."""
        take = self._queue.popleft
        items = [take() for _ in range(min(len(self._queue), _AT_ONCE))]
        return [item for item in items if item is not None]

    def _scored(self, item: Item, part: slice | None = None) -> Scored:
        """Return the record of a request, or of some of its rows."""
        request_id, started, seconds, model, route, question, answers, trace = item
        rows, by_column = question.rows, type(question.rows) is NamedColumns
        rows = {name: _plain(values, part) for name, values in rows.values.items()} if by_column else _plain(rows, part)
        predictions = _plain(answers.predictions if answers.array is None else answers.array, part)
        probabilities = None if answers.probabilities is None else _plain(answers.probabilities, part)
        first = part.start if part else 0
        return Scored(
            request_id, self._epoch + started, seconds, model, route, rows, predictions, question.names, by_column,
            probabilities, first, trace,
        )  # fmt: skip

    def _write(self, items: list[Item]) -> None:
        if items:
            self._safely(partial(self._append_all, items), sum(item[6].count for item in items))

    def _append_all(self, items: list[Item]) -> None:
        self._append([self._scored(item) for item in items])

    def _append(self, records: list[Any]) -> None:
        size = self._writer.write(_encoder.encode_lines(records))
        with self._lock:
            self.rows += sum(len(each.predictions) for each in records if type(each) is Scored)
            self.bytes += size
        if self._failing:
            self._failing = ""
            self._log.write("warning", "prediction_log_recovered", dropped=sum(self.dropped.values()))

    def _safely(self, act: Callable[[], object], rows: int = 0) -> None:
        """Count rows that cannot be written, and log when that begins."""
        try:
            act()
        except NoRoom:
            self._fail(rows, "volume", "the segments have reached PREDICTION_LOG_BYTES: is the shipper able to ship?")
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the log must cost no answer
            self._fail(rows, "error", " ".join(str(error).split())[:200])

    def _fail(self, rows: int, kind: str, reason: str) -> None:
        self._drop(rows, kind)
        if self._failing != kind:
            self._failing = kind
            self._log.write("warning", "prediction_log_drops", reason=reason)

    def _drop(self, rows: int, reason: str) -> None:
        with self._lock:
            self.dropped[reason] += rows


def _plain(values: Any, part: slice | None) -> Any:
    """Return some of these values, or all, as what JSON can hold."""
    some = values if part is None else values[part]
    return some.tolist() if hasattr(some, "tolist") else some

"""The prediction log: what was asked and answered, in segments that a shipper turns into Parquet.

A request encodes one short line of what it holds anyway, and appends it to a bounded queue. A thread writes what is
queued with one call; what does not fit the queue or the volume is dropped and counted, and no answer waits for it. A
large request, whose rows may not stay in memory after it, writes its rows itself, in pieces, before its memory is given
back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
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
from model.segments import FORMAT, Header, LoggedModel, Scored, Truth, strictest, undescribed, without

QUEUED = 4096
"""Places of the queue; a request takes one for each UNIT bytes of its line, so that the bytes are bounded too."""
UNIT = 512
_POLL_SECONDS = 0.05
AT_ONCE = 1024
"""Lines that are written in one call."""
_PIECE = 1000
"""Rows of one record; a large request is written in several."""
_encoder = msgspec.json.Encoder()


class PredictionLog:
    """Log answered requests and reported truths."""

    def __init__(self, folder: Path, models: Iterable[Model], settings: Settings, log: Log) -> None:
        self.folder = folder
        self.rows = self.bytes = 0
        """What was written."""
        self.dropped: Counter[str] = Counter({"queue": 0, "volume": 0, "error": 0})
        """Rows that were not, by reason."""
        known = {each.name: _logged(each, settings) for each in models}
        self._dropping = {name: (each.signature.names, each.dropped) for name, each in known.items() if each.dropped}
        header = _encoder.encode(Header(FORMAT, known)) + b"\n"
        self._writer = SegmentWriter(folder, header, settings.prediction_log_bytes, settings.prediction_log_seconds)
        self._sample = settings.prediction_log_sample
        self._log, self._lock, self._failing = log, Lock(), ""
        self._queue: list[Any] = []
        """Lines of one row, other lines with their number of rows, and None for a further place."""
        self._add, self._encode = self._queue.append, _encoder.encode
        self._epoch = time() - perf_counter()
        self._stop = Event()
        self._thread = Thread(target=self._run, name="prediction-log", daemon=True)
        self._thread.start()

    def add(self, exchange: Any, seconds: float, trace_id: str | None) -> None:
        """Queue an answered request, an Exchange; a large one is written at once."""
        share = self._sample
        if share < 1 and exchange.number * share % 1 >= share:
            return
        if exchange.memory:
            self._write_large(exchange, seconds, trace_id)
            return
        answers, name = exchange.answers, exchange.model.name
        if len(self._queue) >= QUEUED:
            self._drop(answers.count, "queue")
            return
        try:
            # Encoded here, so that nothing of the request stays: objects that stay cost far more than a line, since
            # the collector of cycles looks at them again and again.
            if answers.array is None and name not in self._dropping:
                # Most requests, one row from JSON: nothing is to be converted. It is read as a Scored, but a tuple is
                # made and encoded in less time, without the values that a Scored has by default.
                line = self._encode((
                    "scored", exchange.id, self._epoch + exchange.started, seconds, name, exchange.route.path,
                    exchange.question.rows, answers.predictions, trace_id,
                ))  # fmt: skip
                self._add(line)
            elif count := answers.count:
                line = self._encode(self._scored(exchange, seconds, trace_id))
                self._add((line, count))
            else:
                return
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the log must cost no answer
            self._fail(answers.count, "error", error)
            return
        if len(line) > UNIT:
            self._queue.extend((None,) * (len(line) // UNIT))

    def _write_large(self, exchange: Any, seconds: float, trace_id: str | None) -> None:
        """Write a large request in pieces."""
        count = exchange.answers.count
        for first in range(0, count, _PIECE):
            part = slice(first, first + _PIECE) if count > _PIECE else None
            rows = min(_PIECE, count - first)
            self._safely(partial(self._write_part, exchange, seconds, trace_id, part, rows), rows)

    def _write_part(self, exchange: Any, seconds: float, trace_id: str | None, part: slice | None, rows: int) -> None:
        self._write([self._encode(self._scored(exchange, seconds, trace_id, part))], rows)

    def add_truth(self, request_id: str, model: str | None, truths: list[Any]) -> None:
        """Write the ground truth of an earlier request."""
        if truths:
            self._safely(lambda: self._write([self._encode(Truth(request_id, time(), truths, model))], 0))

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
            for _ in range(0, len(self._queue), AT_ONCE):
                self._write_queued()
            self._safely(self._writer.finish if ending else self._writer.finish_old)

    def _write_queued(self) -> None:
        """Write the next lines of the queue; those that follow stay there, where they count."""
        items = self._queue[:AT_ONCE]
        # No more than was taken: requests go on adding.
        del self._queue[: len(items)]
        lines = [item for item in items if type(item) is bytes]
        rows = len(lines)
        if rows != len(items):
            several = [item for item in items if type(item) is tuple]
            lines += [line for line, _ in several]
            rows += sum(count for _, count in several)
        if lines:
            self._safely(partial(self._write, lines, rows), rows)

    def _scored(self, exchange: Any, seconds: float, trace: str | None, part: slice | None = None) -> Scored:
        """Return the record of a request, or of some of its rows."""
        question, answers, name = exchange.question, exchange.answers, exchange.model.name
        rows, predictions, probabilities = question.rows, answers.predictions, answers.probabilities
        when, path = self._epoch + exchange.started, exchange.route.path
        by_column = type(rows) is NamedColumns
        rows = {each: _plain(values, part) for each, values in rows.values.items()} if by_column else _plain(rows, part)
        if name in self._dropping:
            names, dropped = self._dropping[name]
            rows = without(rows, question.names or names, dropped, by_column=by_column)
        predictions = _plain(predictions if answers.array is None else answers.array, part)
        probabilities = None if probabilities is None else _plain(probabilities, part)
        return Scored(
            exchange.id, when, seconds, name, path, rows, predictions, trace, question.names, by_column,
            probabilities, part.start if part else 0,
        )  # fmt: skip

    def _write(self, lines: list[bytes], rows: int) -> None:
        lines.append(b"")
        size = self._writer.write(b"\n".join(lines))
        with self._lock:
            self.rows += rows
            self.bytes += size
        if self._failing:
            self._failing = ""
            self._log.write("warning", "prediction_log_recovered", dropped=sum(self.dropped.values()))

    def _safely(self, act: Callable[[], object], rows: int = 0) -> None:
        """Count rows that cannot be written, and log when that begins."""
        try:
            act()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the log must cost no answer
            self._fail(rows, "volume" if isinstance(error, NoRoom) else "error", error)

    def _fail(self, rows: int, kind: str, error: Exception) -> None:
        self._drop(rows, kind)
        if self._failing != kind:
            self._failing = kind
            self._log.write("warning", "prediction_log_drops", reason=" ".join(str(error).split())[:200])

    def _drop(self, rows: int, reason: str) -> None:
        with self._lock:
            self.dropped[reason] += rows


def _logged(model: Model, settings: Settings) -> LoggedModel:
    """Return what a segment says of a model: of the settings' rule for a feature and the bundle's, the stricter."""
    setting: Mapping[str, Any] = dict(settings.prediction_log_fields)
    fields = strictest(model.signature.names, setting, model.manifest.log)
    return LoggedModel(model.version, undescribed(model.signature, fields), fields)


def _plain(values: Any, part: slice | None) -> Any:
    """Return some of these values, or all, as what JSON can hold."""
    some = values if part is None else values[part]
    return some.tolist() if hasattr(some, "tolist") else some

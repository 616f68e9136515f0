"""Read a log: which files there are, their rows, and the truths that were reported for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pyarrow as pa

from model.prediction_log.errors import LogError
from model.prediction_log.layout import FEEDBACK, PREDICTIONS, Facts, Part, facts_of, part_of, prediction_columns
from model.prediction_log.store import Store
from model.schema.signature import Target
from model.schema.truth import TruthError, label_or_number

Truths = dict[tuple[str, int], Any]
"""The reported truth by request id and row."""


class LoggedRows:
    """The rows of a range of a log."""

    def __init__(
        self, place: str, model: str | None = None, version: str | None = None, since: str = "", until: str = "9999"
    ) -> None:
        self.place, self._store = place, Store(place)
        found = [part for path in self._store.paths(PREDICTIONS) if (part := part_of(path))]
        if not found:
            raise LogError(f"{place} holds no log: the shipper writes {PREDICTIONS}/ there")
        wanted = {"model": model, "version": version}
        for name, value in wanted.items():
            there = sorted({getattr(each, name) for each in found})
            if value not in (None, *there):
                raise LogError(f"{place} has no {name} {value!r}; it has {', '.join(there)}")
            found = [each for each in found if value in (None, getattr(each, name))]
        self.parts = [each for each in found if since <= each.day <= until]
        if not self.parts:
            days = sorted(each.day for each in found)
            raise LogError(f"{place} has no rows of these days; it has {days[0]} to {days[-1]}")
        self._since = since

    def one_model(self) -> str:
        """Return the one model of these rows, or refuse several."""
        names = sorted({each.model for each in self.parts})
        if len(names) > 1:
            raise LogError(f"{self.place} has the models {', '.join(names)}: choose one with --model")
        return names[0]

    def facts(self, part: Part) -> Facts:
        """Return what a file says of its model."""
        return facts_of(self._store.schema(part.path).metadata)

    def truths(self) -> Truths:
        """Return the last truth that was reported for each row; it may have come later than the range."""
        found: Truths = {}
        for path in self._store.paths(FEEDBACK):
            if path >= f"{FEEDBACK}/day={self._since}":
                table = self._store.read(path)
                columns = (table.column(name).to_pylist() for name in ("request_id", "row", "truth"))
                for request_id, row, truth in zip(*columns, strict=True):
                    found[request_id, row] = msgspec.json.decode(truth)
        return found

    def tables(self, truths: Truths) -> Iterator[tuple[Part, Facts, pa.Table]]:
        """Yield each file's rows, with a column of truths as the model would predict them."""
        for part in self.parts:
            table = self._store.read(part.path)
            facts = facts_of(table.schema.metadata)
            name, target = next(iter(prediction_columns(facts.signature).items()))
            keys = zip(table.column("request_id").to_pylist(), table.column("row").to_pylist(), strict=True)
            column = pa.array(_known(target, keys, truths), table.schema.field(name).type)
            yield part, facts, table.append_column("truth", column)


def _known(target: Target, keys: Iterable[tuple[str, int]], truths: Truths) -> Iterator[Any]:
    for key in keys:
        try:
            yield label_or_number(target, truths[key]) if key in truths else None
        except TruthError:
            yield None

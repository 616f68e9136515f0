"""Ship segments: each becomes Parquet in the store, and is deleted when that is there.

A segment's files have its name, so that shipping it again after a kill writes the same files again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from time import monotonic

from model.prediction_log.columns import tables
from model.prediction_log.errors import LogError
from model.prediction_log.log_lines import log_line
from model.prediction_log.store import Store
from model.segments import SegmentError, finish_abandoned, finished, read_segment

_POLL_SECONDS, _LONGEST_WAIT = 0.5, 30.0
UNREADABLE = ".unreadable"
_KEPT = 4
Log = Callable[..., None]


class Shipper:
    """Ship the segments of a folder until it is stopped."""

    def __init__(self, folder: Path, store: Store, key: str = "", log: Log = log_line) -> None:
        self._folder, self._store, self._key, self._log = folder, store, key, log
        self._failing_since: float | None = None

    def run(self, stop: Event) -> None:
        """Ship what comes; once stopped, ship what is left, until no process writes any more."""
        wait = _POLL_SECONDS
        while True:
            stopping = stop.is_set()
            writing = finish_abandoned(self._folder)
            if self.ship_all():
                wait = _POLL_SECONDS
                if stopping and not writing:
                    return
            else:
                wait = min(2 * wait, _LONGEST_WAIT if not stopping else 2.0)
            if stopping:
                # The event is set and would not wait.
                Event().wait(min(wait, _POLL_SECONDS))
            else:
                stop.wait(wait)

    def ship_all(self) -> bool:
        """Ship the segments that are finished; return False if the store does not take them now."""
        for path in finished(self._folder):
            try:
                self.ship(path)
            except (OSError, LogError) as error:
                if self._failing_since is None:
                    self._failing_since = monotonic()
                    self._log("warning", "prediction_log_not_shipped", segment=path.name, reason=_one_line(error))
                return False
            if self._failing_since is not None:
                seconds = round(monotonic() - self._failing_since, 1)
                self._log("warning", "prediction_log_ships_again", seconds=seconds)
                self._failing_since = None
        return True

    def ship(self, path: Path) -> None:
        """Write a segment's rows to the store, and delete it."""
        try:
            header, records, faults = read_segment(path)
        except SegmentError as error:
            self._set_aside(path, [str(error)])
            return
        found, misfits = tables(header, records, path.stem, self._key)
        for place, table in found:
            self._store.write(table, place)
        if faults := faults + misfits:
            self._set_aside(path, faults)
        else:
            path.unlink()
        rows = sum(table.num_rows for _, table in found)
        self._log("info", "prediction_log_shipped", segment=path.name, rows=rows, files=len(found))

    def _set_aside(self, path: Path, faults: list[str]) -> None:
        """Keep a segment to be looked at, where it keeps no other one waiting; more than some would fill the volume."""
        kept = sum(each.suffix == UNREADABLE for each in self._folder.iterdir()) < _KEPT
        if kept:
            path.rename(path.with_suffix(UNREADABLE))
        else:
            path.unlink()
        facts = {"segment": path.name, "kept": kept, "faults": len(faults), "reason": _one_line(faults[0])}
        self._log("error", "prediction_log_unreadable", **facts)


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:300]

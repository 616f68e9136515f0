"""Write lines into the segments of the prediction log, within a limited number of bytes."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from threading import Lock
from time import monotonic, time, time_ns

from model.segments import DONE, NEW, OPEN, sizes

SEGMENT_BYTES = 4 << 20
"""A segment of this size is finished."""
_LOOK_SECONDS = 1.0
"""How often the folder's size is read anew: the shipper deletes what it has shipped."""


class NoRoom(Exception):  # noqa: N818 - nothing is wrong, the volume is full
    """The log has reached its number of bytes."""

    def __init__(self) -> None:
        super().__init__("the segments have reached PREDICTION_LOG_BYTES: is the shipper able to ship?")


class SegmentWriter:
    """Append lines to the open segment; a line is written whole or not at all."""

    def __init__(self, folder: Path, header: bytes, max_bytes: int, seconds: float) -> None:
        self._folder, self._header, self._max_bytes, self._seconds = folder, header, max_bytes, seconds
        self._lock = Lock()
        self._descriptor: int | None = None
        self._path = folder
        self._size = self._waiting = 0
        self._opened = self._looked = 0.0
        self._read_waiting()

    def write(self, lines: bytes) -> int:
        """Append lines, and return how many bytes were written; raise NoRoom or OSError if nothing was."""
        with self._lock:
            if monotonic() - self._looked > _LOOK_SECONDS:
                self._read_waiting()
            content = lines if self._descriptor is not None else self._header + lines
            if self._waiting + len(content) > self._max_bytes:
                raise NoRoom
            if self._descriptor is None:
                self._open()
            self._append(content)
            if self._size >= SEGMENT_BYTES:
                self._finish()
            return len(content)

    def finish_old(self) -> None:
        """Finish the open segment if it is old enough for the shipper."""
        with self._lock:
            if self._descriptor is not None and monotonic() - self._opened >= self._seconds:
                self._finish()

    def finish(self) -> None:
        """Finish the open segment."""
        with self._lock:
            if self._descriptor is not None:
                self._finish()

    def _read_waiting(self) -> None:
        self._waiting, self._looked = sum(size for _, size in sizes(self._folder)), monotonic()

    def _open(self) -> None:
        path = self._folder / f"{time_ns():020d}-{os.urandom(4).hex()}{NEW}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        # Locked before it gets the name under which the shipper looks for the segments of processes that have ended.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._path = path.rename(path.with_suffix(OPEN))
        self._descriptor, self._size, self._opened = descriptor, 0, monotonic()

    def _append(self, content: bytes) -> None:
        assert self._descriptor is not None  # noqa: S101 - the caller has opened it
        try:
            written = os.write(self._descriptor, content)
            while written < len(content):
                written += os.write(self._descriptor, content[written:])
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            if not self._size:
                self._discard()
            raise
        self._size += len(content)
        self._waiting += len(content)

    def _discard(self) -> None:
        """Remove a segment that has not even its header."""
        self._close()
        self._path.unlink()

    def _finish(self) -> None:
        self._path.rename(self._path.with_suffix(DONE))
        self._close()

    def _close(self) -> None:
        assert self._descriptor is not None  # noqa: S101 - the caller has seen to it
        os.close(self._descriptor)
        self._descriptor = None


def lag_seconds(folder: Path) -> float:
    """Return the age of the oldest segment that is still in the folder; 0 if there is none."""
    begun = [int(name[:20]) for name, _ in sizes(folder) if name[:20].isdigit()]
    return max(0.0, time() - min(begun) / 1e9) if begun else 0.0

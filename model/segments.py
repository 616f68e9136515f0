"""The segments of the prediction log: files that the service writes, and that the shipper reads and deletes.

A segment is a file of JSON lines. The first line is a Header, each other one is a record, Scored or Truth, as a list of
its kind and its values, which is shorter and quicker than an object. A process
writes to one file that ends in `.open` and holds a lock on it; it finishes a segment by renaming it to `.jsonl`. A last
line without its end was cut off by the end of a process, and is no record.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import time
from typing import Any, Literal, cast

import msgspec
from msgspec.structs import replace

from model.schema.signature import Signature

FORMAT = 2
NEW, OPEN, DONE = ".new", ".open", ".jsonl"
_BEGINNING_SECONDS = 10.0
Treatment = Literal["keep", "hash", "drop"]
_FROM_MILD_TO_STRICT: tuple[Treatment, ...] = ("keep", "hash", "drop")
OTHERS = "*"
"""In the place of a feature's name: all features that are not named."""


class LoggedModel(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is needed of a model to read its rows."""

    version: str
    signature: Signature
    fields: dict[str, Treatment] = {}
    """What becomes of features before they leave the pod, by name; what is not named is kept."""

    @property
    def dropped(self) -> frozenset[str]:
        """Return the features that are not even in the segments."""
        return frozenset(name for name, what in self.fields.items() if what == "drop")


class Header(msgspec.Struct, frozen=True):
    """The first line of a segment."""

    format: int
    models: dict[str, LoggedModel]
    """By name."""


class Scored(msgspec.Struct, tag="scored", array_like=True, omit_defaults=True, gc=False):
    """One answered request, or a piece of a large one."""

    id: str
    time: float
    """Seconds since 1970, when the request arrived."""
    seconds: float
    """From there to its response."""
    model: str
    route: str
    rows: Any
    """As the caller sent them: by position or by name, one or several."""
    predictions: list[Any]
    trace: str | None = None
    names: Any = None
    """The columns' names, where positional rows came with them."""
    by_column: bool = False
    """The rows came as one list of values for each name."""
    probabilities: Any = None
    first: int = 0
    """The number of the first row within its request."""


class Truth(msgspec.Struct, tag="truth", array_like=True, omit_defaults=True, gc=False):
    """The ground truth that a caller reported for the rows of an earlier request."""

    id: str
    time: float
    truths: list[Any]
    model: str | None = None
    """Known where the process remembers the request."""


Record = Scored | Truth
_headers = msgspec.json.Decoder(Header)
_records: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


class SegmentError(Exception):
    """A file that is no segment, in one sentence."""


def read_segment(path: Path) -> tuple[Header, list[Record], list[str]]:
    """Return the header and the records of a segment, and what is wrong with lines that are no record."""
    lines = path.read_bytes().split(b"\n")[:-1]
    if not lines:
        return Header(FORMAT, {}), [], []
    try:
        header = _headers.decode(lines[0])
    except msgspec.DecodeError as error:
        raise SegmentError(f"{path.name} is no segment: {error}") from None
    if header.format != FORMAT:
        raise SegmentError(f"{path.name} has the format {header.format}; this program reads {FORMAT}")
    return header, *_decoded(lines[1:])


def _decoded(lines: list[bytes]) -> tuple[list[Record], list[str]]:
    records, faults = [], []
    for number, line in enumerate(lines, 2):
        try:
            records.append(_records.decode(line))
        except msgspec.DecodeError as error:
            faults.append(f"line {number} is no record: {error}")
    return records, faults


def finished(folder: Path) -> list[Path]:
    """Return the segments that are complete, the oldest first."""
    return sorted(path for path in folder.iterdir() if path.suffix == DONE)


def finish_abandoned(folder: Path) -> bool:
    """Finish the segments of processes that have ended, and return whether a process still writes."""
    writing = False
    for path in [each for each in folder.iterdir() if each.suffix in (OPEN, NEW)]:
        with suppress(FileNotFoundError):
            writing |= _is_beginning(path) if path.suffix == NEW else not _finish(path)
    return writing


def _is_beginning(path: Path) -> bool:
    """Return whether a process is about to write; what has no other name after seconds is of one that has ended."""
    if time() - path.stat().st_mtime < _BEGINNING_SECONDS:
        return True
    path.unlink()
    return False


def _finish(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.rename(path.with_suffix(DONE))
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def sizes(folder: Path) -> Iterator[tuple[str, int]]:
    """Yield the name and size of each file of the log that waits in a folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                yield entry.name, entry.stat().st_size


def parse_fields(texts: Iterable[str]) -> dict[str, Treatment]:
    """Return NAME=TREATMENT texts as a mapping, or raise a ValueError."""
    pairs = [each.strip().rpartition("=") for each in texts]
    if not all(name and what in _FROM_MILD_TO_STRICT for name, _, what in pairs):
        raise ValueError("must be NAME=keep, NAME=hash or NAME=drop, or several with commas between them")
    return {name: cast("Treatment", what) for name, _, what in pairs}


def strictest(names: Iterable[str], *rules: Mapping[str, Treatment]) -> dict[str, Treatment]:
    """Return what becomes of each feature that one of these rules hashes or drops: the strictest of what they say."""
    found: dict[str, Treatment] = {}
    for name in names:
        wanted = [each.get(name, each.get(OTHERS, "keep")) for each in rules]
        if (what := max(wanted, key=_FROM_MILD_TO_STRICT.index)) != "keep":
            found[name] = what
    return found


def undescribed(signature: Signature, names: Container[str]) -> Signature:
    """Return a signature that does not say which values some features had in training."""
    bare = {"low": None, "high": None, "typical": None, "categories": None, "closed": False}
    features = (replace(each, **bare) if each.name in names else each for each in signature.features)
    return replace(signature, features=tuple(features))


def without(rows: Any, names: Sequence[str], dropped: Container[str], *, by_column: bool = False) -> Any:
    """Return rows, however they came, with nulls in the place of some features."""
    if isinstance(rows, dict):
        return {name: _nulls(cell, by_column) if name in dropped else cell for name, cell in rows.items()}
    if rows and isinstance(rows[0], list | dict):
        return [without(row, names, dropped) for row in rows]
    if len(names) == 1:
        # Rows of one value each, or one such row.
        return [None] * len(rows) if names[0] in dropped else rows
    return [None if name in dropped else cell for name, cell in zip(names, rows, strict=True)]


def _nulls(cell: Any, by_column: bool) -> Any:  # noqa: FBT001
    return [None] * len(cell) if by_column else None

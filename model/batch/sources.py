"""The rows of files, in pieces and batches: a few row groups of a Parquet file, or a few blocks of a CSV file.

The same file always has the same pieces, so that a run that was killed goes on where it was.
"""

from __future__ import annotations

import codecs
import hashlib
import io
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import chain, count, islice
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import csv, fs

from model.batch.places import Place, explained
from model.schema.signature import Problem
from model.user_error import UserError

SUFFIXES = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet"}
MOST_ROWS, FEWEST_ROWS, BATCH_BYTES = 1 << 17, 1 << 10, 32 << 20
PIECE_ROWS = 1 << 18
"""Row groups are taken together until a piece has this many rows."""
BLOCK_BYTES, PIECE_BLOCKS = 4 << 20, 16
_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Batch:
    """Some rows; the first of them has the number `start` in its file, unless each has one of its own."""

    start: int
    table: pa.Table
    problems: list[Problem] = field(default_factory=list)
    """Lines of the file that are no rows."""
    numbers: NDArray[np.int64] | None = None

    def numbered(self, fault: Problem) -> Problem:
        """Return a fault of a row of the table, with the row's number in the file."""
        place = fault.row or 0
        row = self.start + place if self.numbers is None else int(self.numbers[place])
        return msgspec.structs.replace(fault, row=row)


@dataclass(frozen=True)
class Piece:
    """A part of a file, whose size follows from the file alone."""

    number: int
    batches: Iterator[Batch]
    share: float
    """Up to which share of its file it goes."""


@dataclass(frozen=True)
class File:
    """A file of rows."""

    place: Place
    form: str
    size: int

    @property
    def text(self) -> bool:
        """Tell whether each cell is a text."""
        return self.form == "csv"

    def schema(self) -> pa.Schema:
        """Return the columns."""
        with explained(str(self.place)), self._opened() as found:
            return found.schema if self.text else found.schema_arrow

    def pieces(self) -> Generator[Piece, None, None]:
        """Give the pieces in order; each must be read, or left, before the next one is asked for."""
        with explained(str(self.place)), self._opened() as found:
            for piece in self._blocks(*found.rows) if self.text else _row_groups(found):
                yield replace(piece, batches=self._read(piece.batches))

    def _read(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Give batches; what is wrong with them names this file, not of the one that is written."""
        with explained(str(self.place)):
            yield from batches

    def sha256(self) -> str:
        """Return the digest of the content."""
        found = hashlib.sha256()
        with explained(str(self.place)), self.place.system.open_input_stream(self.place.path) as stream:
            while part := stream.read(_READ_BYTES):
                found.update(part)
        return found.hexdigest()

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        if not self.size:
            raise UserError(f"{self.place} is empty")
        if not self.text:
            with self.place.system.open_input_file(self.place.path) as stream:
                yield _parquet(stream, str(self.place))
            return
        with self.place.system.open_input_file(self.place.path) as stream, closing(_Csv(stream, self.size)) as found:
            yield found

    def _blocks(self, batches: Iterator[Batch], share: Callable[[], float]) -> Iterator[Piece]:
        for number in count():
            first = next(batches, None)
            if first is None:
                return
            piece = chain([first], islice(batches, PIECE_BLOCKS - 1))
            yield Piece(number, piece, share())
            deque(piece, maxlen=0)


def files_at(source: Place) -> list[File]:
    """Return the files of a path: itself, or all CSV and Parquet files below a folder, in the order of their names."""
    with explained(str(source)):
        info = source.system.get_file_info(source.path)
        if info.type == fs.FileType.NotFound:
            raise UserError(f"{source} is not there")
        if info.type == fs.FileType.File:
            return [_file(source, info)]
        found = source.system.get_file_info(fs.FileSelector(source.path, recursive=True))
    files = []
    for each in sorted(found, key=lambda each: each.path):
        name = each.path[len(source.path) :].lstrip("/")
        hidden = any(part.startswith((".", "_")) for part in name.split("/"))
        if each.type == fs.FileType.File and not hidden and f".{each.extension.lower()}" in SUFFIXES:
            files.append(_file(source.below(name), each))
    if not files:
        raise UserError(f"{source} has no file whose name ends with {', '.join(SUFFIXES)}")
    return files


def form_of(place: Place) -> str | None:
    """Return the format that the name of a file says."""
    return SUFFIXES.get(f".{place.path.rpartition('.')[2].lower()}")


def _file(place: Place, info: fs.FileInfo) -> File:
    form = form_of(place)
    if form is None:
        raise UserError(f"{place} must have a name that ends with {', '.join(SUFFIXES)}")
    return File(place, form, info.size)


def _parquet(stream: Any, name: str) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(stream, pre_buffer=False, buffer_size=_READ_BYTES)
    except pa.ArrowInvalid as error:
        raise UserError(f"{name} is no Parquet file, or damaged: {str(error).splitlines()[0]}") from None


def _row_groups(found: pq.ParquetFile) -> Iterator[Piece]:
    groups, start, done, number = [], 0, 0, 0
    metadata = found.metadata
    for group in range(metadata.num_row_groups):
        groups.append(group)
        done += metadata.row_group(group).num_rows
        if done - start >= PIECE_ROWS or group == metadata.num_row_groups - 1:
            yield Piece(number, _batches(found, groups, start), done / max(metadata.num_rows, 1))
            groups, start, number = [], done, number + 1


def _batches(found: pq.ParquetFile, groups: list[int], start: int) -> Iterator[Batch]:
    group = found.metadata.row_group(groups[0])
    width = group.total_byte_size / max(group.num_rows, 1)
    rows = int(min(MOST_ROWS, max(FEWEST_ROWS, BATCH_BYTES / max(width, 1))))
    for batch in found.iter_batches(batch_size=rows, row_groups=groups):
        if batch.num_rows:
            yield Batch(start, pa.Table.from_batches([batch]))
        start += batch.num_rows


class _Utf8(io.RawIOBase):
    """A stream that ends with an OSError where it is no UTF-8: the reader of CSV would say so on stderr, and go on."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._decoder = stream, codecs.getincrementaldecoder("utf-8")()
        self.ended = False
        """Set to give no more bytes."""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, of which all are UTF-8."""
        if self.ended:
            return b""
        found: bytes = self._stream.read(size)
        try:
            self._decoder.decode(found, final=not found)
        except UnicodeDecodeError:
            raise OSError("is no UTF-8") from None
        return found


class _Csv:
    """A CSV file whose cells stay texts; an empty one is null."""

    def __init__(self, stream: Any, size: int) -> None:
        self._wrong: list[Any] = []
        self._stream, self._size = stream, size
        self._text = _Utf8(stream)
        self._reader = csv.open_csv(
            self._text,
            # With threads, nobody would know the number of a wrong row.
            read_options=csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
            parse_options=csv.ParseOptions(newlines_in_values=True, invalid_row_handler=self._skip),
            convert_options=csv.ConvertOptions(
                default_column_type=pa.string(), strings_can_be_null=True, null_values=[""]
            ),
        )
        self.schema = self._reader.schema

    def close(self) -> None:
        """Wait for the threads that read ahead: one that enters Python while the process ends would abort it."""
        self._text.ended = True
        with suppress(OSError, pa.ArrowException):
            deque(self._reader, maxlen=0)

    def _skip(self, row: Any) -> str:
        self._wrong.append(row)
        return "skip"

    @property
    def rows(self) -> tuple[Iterator[Batch], Callable[[], float]]:
        """Give the rows, and what tells which share of the file is read."""
        return self._batches(), lambda: min(1.0, self._stream.tell() / self._size)

    def _batches(self) -> Iterator[Batch]:
        seen = known = 0
        for block in self._reader:
            if not block.num_rows and known == len(self._wrong):
                continue
            # Row 1 of the reader is the header. A wrong row moves the numbers of all that follow it.
            fresh, known = self._wrong[known:], len(self._wrong)
            problems = [
                Problem("width", f"has {row.actual_columns} cells, the header {row.expected_columns}", row.number - 2)
                for row in fresh
            ]
            before = np.array([row.number - 2 - rank for rank, row in enumerate(self._wrong)], dtype=np.int64)
            places = np.arange(seen, seen + block.num_rows)
            numbers = places + np.searchsorted(before, places, side="right") if len(before) else None
            yield Batch(seen, pa.Table.from_batches([block]), problems, numbers)
            seen += block.num_rows

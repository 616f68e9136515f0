"""Where the log is kept: a folder, S3, or any other file system that pyarrow knows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from model.errors import message, shorten
from model.prediction_log.errors import LogError
from model.s3 import open_s3


class Store:
    """A file system, and the folder of the log in it."""

    def __init__(self, place: str) -> None:
        self.place = place
        with explained(place):
            self.files, self.root = _open(place)
        self._is_local = isinstance(self.files, fs.LocalFileSystem)

    def write(self, table: pa.Table, path: str) -> None:
        """Write a Parquet file, whole or not at all; the same file again changes nothing."""
        whole = f"{self.root}/{path}"
        if not self._is_local:
            # An object is there when all of it is.
            with self.files.open_output_stream(whole) as stream:
                pq.write_table(table, stream, compression="zstd")
            return
        self.files.create_dir(whole.rpartition("/")[0])
        with self.files.open_output_stream(f"{whole}.tmp") as stream:
            pq.write_table(table, stream, compression="zstd")
        self.files.move(f"{whole}.tmp", whole)

    def paths(self, under: str) -> list[str]:
        """Return the Parquet files in a folder of the log, in order."""
        folder = f"{self.root}/{under}"
        with explained(self.place):
            found = self.files.get_file_info(fs.FileSelector(folder, allow_not_found=True, recursive=True))
        paths = (each.path for each in found if each.type == fs.FileType.File and each.path.endswith(".parquet"))
        return sorted(path.removeprefix(f"{self.root}/") for path in paths)

    def schema(self, path: str) -> pa.Schema:
        """Return the columns of a file."""
        with explained(path), self.files.open_input_file(f"{self.root}/{path}") as stream:
            return pq.read_schema(stream)

    def read(self, path: str) -> pa.Table:
        """Return the rows of a file."""
        with explained(path), self.files.open_input_file(f"{self.root}/{path}") as stream:
            return pq.ParquetFile(stream).read()


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Raise a LogError that names the place for whatever a file system raises."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise LogError(f"{what}: {shorten(message(error), 300)}") from None


def _open(place: str) -> tuple[fs.FileSystem, str]:
    if "://" not in place:
        return fs.LocalFileSystem(), os.path.abspath(place)  # noqa: PTH100 - a path of pyarrow's, which is text
    if not place.startswith("s3://"):
        found, root = fs.FileSystem.from_uri(place)
        return found, root.rstrip("/")
    root = place.removeprefix("s3://").strip("/")
    if not root:
        raise LogError(f"{place} names no bucket: write s3://BUCKET/FOLDER")
    return open_s3(), root

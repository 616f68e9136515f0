"""Where files are: a local path, or an address that pyarrow knows, like s3://bucket/key."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from pyarrow import fs

from model.errors import one_line
from model.s3 import open_s3
from model.user_error import UserError

_COPY_BYTES = 8 << 20
# What the S3 client's sentences hold, and what it means.
_MEANINGS = (
    (("NO_SUCH_BUCKET", "bucket does not exist"), "there is no such bucket"),
    (
        ("ACCESS_DENIED", "INVALID_ACCESS_KEY", "SIGNATURE", "INVALID_CLIENT_TOKEN", "status 403", "response code 403"),
        "the server refuses these credentials: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and their rights",
    ),
    (("is no UTF-8",), "is no UTF-8 text"),
    (("NETWORK_CONNECTION", "curlCode"), "the server does not answer: check AWS_ENDPOINT_URL and the network"),
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A file or a folder, there or not."""

    text: str
    """As its user wrote it."""
    system: fs.FileSystem
    path: str

    def __str__(self) -> str:
        return self.text

    @property
    def local(self) -> bool:
        """Tell whether it is on a disk of this machine."""
        return isinstance(self.system, fs.LocalFileSystem)

    def below(self, name: str) -> Place:
        """Return a file in this folder."""
        return Place(f"{self.text.rstrip('/')}/{name}", self.system, f"{self.path}/{name}")

    def beside(self, suffix: str) -> Place:
        """Return the file whose name is longer by a suffix."""
        return Place(self.text + suffix, self.system, self.path + suffix)

    def kind(self) -> fs.FileType:
        """Return what is there: a file, a folder, or nothing."""
        with explained(self.text):
            return self.system.get_file_info(self.path).type

    def read(self) -> bytes | None:
        """Return the content of a small file, or None if it is not there."""
        try:
            with self.system.open_input_stream(self.path) as stream:
                return bytes(stream.read())
        except FileNotFoundError:
            return None

    def write(self, content: bytes) -> None:
        """Write a small file, whole or not at all."""
        with explained(self.text), self.scratch() as folder:
            (folder / "content").write_bytes(content)
            self.publish(folder / "content")

    def delete(self) -> None:
        """Delete a file, if it is there."""
        with explained(self.text):
            if self.kind() == fs.FileType.File:
                self.system.delete_file(self.path)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give a folder for what is being written: on the same disk where that is one of this machine."""
        parent = Path(self.path).parent if self.local else None
        if parent:
            parent.mkdir(parents=True, exist_ok=True)
        prefix = f".{Path(self.path).name}." if self.local else None
        with TemporaryDirectory(prefix=prefix, dir=parent, ignore_cleanup_errors=True) as folder:
            yield Path(folder)

    def sweep(self) -> None:
        """Delete what killed processes have left of this file or within this folder; nobody else may be writing it."""
        path = Path(self.path)
        if not self.local:
            return
        beside = [each for each in path.parent.glob(".*") if each.name.startswith(f".{path.name}.")]
        for each in [*beside, *path.glob(".*"), *path.glob("*/.*")]:
            if each.is_dir():
                shutil.rmtree(each, ignore_errors=True)

    def publish(self, finished: Path) -> None:
        """Put a finished file here: by renaming it, or by one upload, which is complete or absent."""
        if self.local:
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
            with finished.open("rb") as stream:
                os.fsync(stream.fileno())
            finished.replace(self.path)
            return
        with finished.open("rb") as stream, self.system.open_output_stream(self.path) as upload:
            shutil.copyfileobj(stream, upload, _COPY_BYTES)


def place(text: str) -> Place:
    """Return what an argument of the command line names."""
    if "://" not in text:
        return Place(text, fs.LocalFileSystem(), str(Path(text).absolute()))
    scheme, _, path = text.partition("://")
    with explained(text):
        if scheme != "s3":
            system, path = fs.FileSystem.from_uri(text)
            return Place(text, system, path.rstrip("/"))
        if "/" not in path.strip("/"):
            raise UserError(f"{text} names a bucket alone: add a key, like s3://bucket/folder")
        system = open_s3()
        _require_bucket(system, path.strip("/").partition("/")[0], text)
        return Place(text, system, path.strip("/"))


def _require_bucket(system: fs.S3FileSystem, bucket: str, text: str) -> None:
    """Refuse a bucket that is not there: some servers would make it when something is written."""
    with suppress(OSError):  # whoever may not ask for the bucket may still have rights on what is in it
        if system.get_file_info(bucket).type == fs.FileType.NotFound:
            raise UserError(f"{text}: there is no bucket {bucket}")


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Raise a UserError, in a sentence about this file, for whatever reading or writing it raises."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{name}: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    text = str(error)
    for signs, meaning in _MEANINGS:
        if any(sign in text for sign in signs):
            return meaning
    number = getattr(error, "errno", None)
    if number == errno.ENOSPC or "No space left" in text:
        return "there is no space left on the device"
    if isinstance(error, FileNotFoundError):
        return "is not there"
    if isinstance(error, OSError) and number and error.strerror and len(error.args) > 1 and "Detail" not in text:
        return f"{error.strerror.lower()}"
    return one_line(error)

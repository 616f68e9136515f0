"""A file of pickle, joblib or cloudpickle: the one place where a pickle without a manifest is trusted."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import zlib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib

from model.errors import one_line
from model.packing.data import PackError
from model.packing.importing.versions import opened

_SAVED_WITH = re.compile(rb"_sklearn_version.{0,8}?(\d+\.\d+[\w.]*)", re.DOTALL)
_UNPACKERS: tuple[Callable[[bytes], bytes], ...] = (gzip.decompress, zlib.decompress, bz2.decompress, lzma.decompress)


def open_pickle(path: Path) -> tuple[Any, str | None]:
    """Return what the file holds, and the other scikit-learn that saved it, or raise a PackError."""
    try:
        return opened(lambda: joblib.load(path))
    except OSError as error:
        raise PackError(f"{path} cannot be read: {error.strerror or one_line(error)}") from error
    except (Exception, RecursionError) as error:
        if (why := _why_not(path, error)) is None:
            raise
        raise PackError(why) from error


def _why_not(path: Path, error: Exception) -> str | None:
    """Return a sentence, or None where the error names the module that is missing."""
    content = _unpacked(path.read_bytes())
    why = one_line(error, 200)
    saved = _SAVED_WITH.search(content)
    here = version("scikit-learn")
    if saved and saved.group(1).decode() != here:
        there = saved.group(1).decode()
        return (
            f"{path} was saved with scikit-learn {there}, which {here} here cannot open ({why}): train it again with "
            f"{here}, or install {there} in .venv and change locks/ to it"
        )
    if isinstance(error, ModuleNotFoundError) and error.name:
        return None
    if isinstance(error, ImportError | AttributeError):
        return (
            f"{path} refers to code that is not here ({why}): save the model with cloudpickle, which stores such code "
            "in it, or put the code into a module of its own and give that with --code"
        )
    # Every pickle since 2003 starts with this byte.
    return f"{path} cannot be opened: {why}" if content[:1] == b"\x80" else f"{path} is not a pickle or joblib file"


def _unpacked(content: bytes) -> bytes:
    for unpack in _UNPACKERS:
        try:
            return unpack(content)
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
            continue
    return content

"""Open a file that somebody saved a model in: the one place where a pickle without a manifest is trusted."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import warnings
import zlib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
from sklearn.exceptions import InconsistentVersionWarning

from model.errors import one_line
from model.packing.data import PackError
from model.trees.read import LIBRARIES

_SAVED_WITH = re.compile(rb"_sklearn_version.{0,8}?(\d+\.\d+[\w.]*)", re.DOTALL)
# Pickles since protocol 2, gzip, zlib at its levels, bzip2, xz and lzma, lz4.
_STARTS = (b"\x80", b"\x1f\x8b", b"\x78", b"BZ", b"\xfd7", b"]\x00", b"\x04\x22")
_UNPACKERS: tuple[Callable[[bytes], bytes], ...] = (gzip.decompress, zlib.decompress, bz2.decompress, lzma.decompress)


def open_estimator(path: Path) -> tuple[Any, str | None]:
    """Return what the file holds, and a warning where another scikit-learn saved it."""
    _require_saved(path)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            thing = joblib.load(path)
    except OSError as error:
        raise PackError(f"{path} cannot be read: {error.strerror or one_line(error)}") from error
    except (Exception, RecursionError) as error:
        raise PackError(_why_not(path, error)) from error
    saved = next((w.message for w in caught if isinstance(w.message, InconsistentVersionWarning)), None)
    if saved is None:
        return thing, None
    return thing, (
        f"saved with scikit-learn {saved.original_sklearn_version}, opened with {saved.current_sklearn_version}: "
        "it may answer differently than where it was trained"
    )


def _require_saved(path: Path) -> None:
    """Refuse early what no library wrote: a large file of nothing keeps the unpickler busy for ever."""
    if not path.is_file():
        raise PackError(f"{path} is not a plain file")
    try:
        with path.open("rb") as stream:
            start = stream.read(2)
    except OSError as error:
        raise PackError(f"{path} cannot be read: {error.strerror}") from None
    if not start.startswith(_STARTS):
        raise PackError(f"{path} is not a pickle or joblib file")


def _why_not(path: Path, error: Exception) -> str:
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
        root = error.name.split(".")[0]
        how = (
            "make setup EXTRAS=boosting, or pip install 'score-app[boosting]'"
            if root in LIBRARIES
            else (f"--code {root}.py brings a file or folder of your own, --requires NAME installs a library")
        )
        return f"{path} needs the module {error.name}, which is not here: {how}"
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

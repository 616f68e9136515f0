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

from model.packing.table import PackError

_SAVED_WITH = re.compile(rb"_sklearn_version.{0,8}?(\d+\.\d+[\w.]*)", re.DOTALL)
_UNPACKERS: tuple[Callable[[bytes], bytes], ...] = (gzip.decompress, zlib.decompress, bz2.decompress, lzma.decompress)


def open_estimator(path: Path) -> tuple[Any, str | None]:
    """Return what the file holds, and a warning where another scikit-learn saved it."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            thing = joblib.load(path)
    except Exception as error:
        raise PackError(_why_not(path, error)) from error
    saved = next((w.message for w in caught if isinstance(w.message, InconsistentVersionWarning)), None)
    if saved is None:
        return thing, None
    return thing, (
        f"saved with scikit-learn {saved.original_sklearn_version}, opened with {saved.current_sklearn_version}: "
        "it may answer differently than where it was trained"
    )


def _why_not(path: Path, error: Exception) -> str:
    content = _unpacked(path.read_bytes())
    why = " ".join(str(error).split())[:200] or type(error).__name__
    saved = _SAVED_WITH.search(content)
    here = version("scikit-learn")
    if saved and saved.group(1).decode() != here:
        return f"{path} was saved with scikit-learn {saved.group(1).decode()}, which {here} cannot open: {why}"
    if isinstance(error, ModuleNotFoundError):
        return f"{path} needs the module {error.name}, which is not installed here"
    if isinstance(error, ImportError | AttributeError):
        return f"{path} refers to code that is not here: {why}"
    # Every pickle since 2003 starts with this byte.
    return f"{path} cannot be opened: {why}" if content[:1] == b"\x80" else f"{path} is not a pickle or joblib file"


def _unpacked(content: bytes) -> bytes:
    for unpack in _UNPACKERS:
        try:
            return unpack(content)
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
            continue
    return content

"""Files of a repository: always UTF-8, whatever the locale is, and with the line ends that they have."""

from __future__ import annotations

import stat
from pathlib import Path

from gitops.errors import GitopsError


def content(path: Path) -> bytes:
    """Return the bytes of a file; a pipe or a device would never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise GitopsError(f"{path} is not a file")
    return path.read_bytes()


def read(path: Path) -> str:
    """Return the text of a file with its line ends as they are."""
    try:
        return content(path).decode()
    except UnicodeDecodeError as error:
        raise GitopsError(f"{path}: byte {error.start} is not UTF-8: save the file as UTF-8") from None


def write(path: Path, text: str) -> None:
    """Write a text with its line ends as they are."""
    path.write_bytes(text.encode())


def line_end(text: str) -> str:
    """Return what ends the first line of a text."""
    return "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"


def is_current(path: Path, text: str) -> bool:
    """Return whether a file has this text; its line ends may differ, as git may have converted them."""
    return path.exists() and _unix(read(path)) == _unix(text)


def replace(path: Path, text: str) -> None:
    """Write a generated text with the line ends that the file has already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, with_line_ends_of(path, text))


def with_line_ends_of(path: Path, text: str) -> str:
    """Return a text with the line ends of the file that it replaces."""
    return _unix(text).replace("\n", line_end(read(path)) if path.exists() else "\n")


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n")

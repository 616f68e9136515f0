"""What a setting's text means: a function for each kind of value, whose ValueError says what the text must be."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from stat import S_ISREG
from urllib.parse import urlsplit

from model.bundle.files import NAME
from model.segments import Treatment, parse_fields

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_LEVELS = ("debug", "info", "warning", "error")
_FLAGS = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off"), False)


def integer(low: int, high: int) -> Callable[[str], int]:
    """Return a parser of whole numbers in a range."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def size(text: str) -> int:
    """Return a number of bytes."""
    match = re.fullmatch(r"([0-9]{1,9})([kmg]?)(i?b)?", text.lower())
    if not match or not int(match[1]):
        raise ValueError("must be a number of bytes, such as 500000, 512k or 16m")
    return int(match[1]) * _UNITS[match[2]]


def number(low: float, high: float) -> Callable[[str], float]:
    """Return a parser of numbers in a range."""

    def parse(text: str) -> float:
        if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text) or not low <= float(text) <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        return float(text)

    return parse


def flag(text: str) -> bool:
    """Return a yes or a no."""
    try:
        return _FLAGS[text.lower()]
    except KeyError:
        raise ValueError("must be 1 or 0, true or false, yes or no, on or off") from None


def level(text: str) -> str:
    """Return a level of the log."""
    if text.lower() not in _LEVELS:
        raise ValueError(f"must be one of {', '.join(_LEVELS)}")
    return text.lower()


def address(text: str) -> str:
    """Return the address of a server."""
    try:
        url = urlsplit(text)
        good = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:
        good = False
    if not good:
        raise ValueError("must be an http or https address, such as http://localhost:4318")
    return text


def models(text: str) -> tuple[str, ...]:
    """Return the names of bundles."""
    names = tuple(dict.fromkeys(re.split(r"[\s,]+", text)))
    if not all(NAME.fullmatch(name) for name in names):
        raise ValueError("must be a bundle's name, or several with commas between them")
    return names


def versions(text: str) -> tuple[tuple[str, str], ...]:
    """Return the version that each named bundle must have."""
    pairs = [each.partition("=") for each in re.split(r"[\s,]+", text)]
    if not all(NAME.fullmatch(name) and re.fullmatch(r"[0-9a-f]{12}", version) for name, _, version in pairs):
        raise ValueError("must be NAME=VERSION, or several with commas between them")
    return tuple((name, version) for name, _, version in pairs)


def treatments(text: str) -> tuple[tuple[str, Treatment], ...]:
    """Return what becomes of each named feature."""
    return tuple(parse_fields(text.split(",")).items())


def key_files(text: str) -> Path:
    """Return a path of public keys that exists."""
    if not os.path.exists(text):  # noqa: PTH110 - unlike this, Path's own raises what a parent forbids
        # As with keys, an empty value must not let every bundle in.
        raise ValueError("must be a PEM file of public keys, or a folder of such files")
    return Path(text)


def keys(text: str) -> tuple[str, ...]:
    """Return keys, of which there must be one."""
    keys = tuple(filter(None, re.split(r"[\s,]+", text)))
    if not keys:
        # An empty value is a Secret that was not filled; it must not open the service to everybody.
        raise ValueError("is set but holds no key; leave it out to serve without keys")
    if any(len(key) < 8 or not key.isascii() for key in keys):
        raise ValueError("each key must have at least 8 ASCII characters")
    return keys


def keys_of_file(path: str | None) -> tuple[str, ...]:
    """Return the keys in a file, if there is one."""
    if not path:
        return ()
    try:
        if not S_ISREG(Path(path).stat().st_mode):
            # Reading a pipe might never end.
            raise ValueError(f"{path} is not a regular file")
        return keys(Path(path).read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not a text in UTF-8") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None

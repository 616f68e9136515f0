"""What an exception says, as one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from model.rendering.text import printable
from model.user_error import UserError


@contextmanager
def guarded(start: str) -> Iterator[None]:
    """Raise a UserError that begins so for whatever an estimator raises; what it prints goes to stderr."""
    try:
        with redirect_stdout(sys.stderr):
            yield
    except (UserError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise UserError(f"{start}: {one_line(error)}") from error


def one_line(error: BaseException, most: int = 300) -> str:
    """Return an exception's type and message on one line that a terminal can show."""
    text, kind = message(error), type(error).__name__
    return shorten(f"{kind}: {text}" if text else kind, most)


def message(error: BaseException) -> str:
    """Return an exception's message on one line."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an exception of a foreign class may raise one itself
        return ""
    return printable(" ".join(text.split()))


def shorten(text: str, most: int) -> str:
    """Cut a sentence between two words, or within one that is too long."""
    return text if len(text) <= most else f"{text[:most].rsplit(' ', 1)[0]} …"

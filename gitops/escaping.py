"""Texts of people and of other programs, made safe for a terminal and for Markdown."""

from __future__ import annotations

import os
import re
import unicodedata

_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's categories of control, direction and line characters, and of halves of a character."""


def decoded(text: str) -> str:
    """Return an argument or a path as the text that its bytes are in UTF-8, whatever locale Python decoded it with."""
    if text.isascii() or not any(unicodedata.category(each) == "Cs" for each in text):
        return text
    try:
        return os.fsencode(text).decode()
    except UnicodeError:
        return text


def visible(text: str) -> str:
    """Return a text on one line with each character that would act on a terminal written as an escape."""
    return "".join(_escaped(each) if unicodedata.category(each) in _UNSAFE else each for each in decoded(text))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def code_span(text: str) -> str:
    """Return a text as Markdown that shows it literally, also if it has backticks."""
    fence = "`" * (_longest_run(text, "`") + 1)
    space = " " if text.startswith("`") or text.endswith("`") or len(fence) > 1 else ""
    return f"{fence}{space}{visible(text)}{space}{fence}"


def code_block(text: str) -> str:
    """Return lines as a Markdown block that shows them literally."""
    fence = "`" * max(3, _longest_run(text, "`") + 1)
    return f"{fence}\n{text}\n{fence}\n"


def table_cell(text: str) -> str:
    """Return a text that stays within its cell of a Markdown table."""
    return re.sub(r"([\\|<>*_`\[\]])", r"\\\1", visible(text))


def _longest_run(text: str, character: str) -> int:
    return max(map(len, re.findall(f"{re.escape(character)}+", text)), default=0)

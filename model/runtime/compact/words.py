"""Take a text apart into terms as scikit-learn's vectorizers do, with the same regular expressions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from model.runtime.compact.form import Words

Terms = Callable[[str], Iterable[str]]
# Runs of white space, single ones left alone: what the vectorizers of characters shorten.
_SPACES = re.compile(r"\s\s+")


def analyzer(words: Words) -> Terms:
    """Return what gives the terms of a text, repeated ones each time."""
    kinds = {"word": _words, "char": _characters, "char_wb": _characters_in_words}
    terms, prepare = kinds[words.analyzer](words), _preparation(words)
    return terms if prepare is None else lambda text: terms(prepare(text))


def _preparation(words: Words) -> Callable[[str], str] | None:
    """Return what is done to a text before it is taken apart."""
    bare = {"ascii": _ascii, "unicode": _without_accents, None: None}[words.accents]
    if not words.lowercase:
        return bare
    return str.lower if bare is None else lambda text: bare(text.lower())


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))


def _words(words: Words) -> Terms:
    find, stop = re.compile(words.pattern).findall, frozenset(words.stop_words)
    shortest, longest = words.shortest, words.longest
    if longest == 1 and not stop:
        return find

    def terms(text: str) -> list[str]:
        tokens = [token for token in find(text) if token not in stop] if stop else find(text)
        if longest == 1:
            return tokens
        found = tokens if shortest == 1 else []
        for size in range(max(shortest, 2), longest + 1):
            found = [*found, *map(" ".join, zip(*(tokens[start:] for start in range(size)), strict=False))]
        return found

    return terms


def _characters(words: Words) -> Terms:
    runs, sizes = partial(_SPACES.sub, " "), range(words.shortest, words.longest + 1)

    def terms(text: str) -> Iterator[str]:
        text = runs(text)
        return (text[start : start + size] for size in sizes for start in range(len(text) - size + 1))

    return terms


def _characters_in_words(words: Words) -> Terms:
    """Take words apart with a space on both sides; one that is no longer than a term is counted once."""
    sizes = range(words.shortest, words.longest + 1)

    def terms(text: str) -> Iterator[str]:
        for word in text.split():
            padded = f" {word} "
            for size in sizes:
                if size >= len(padded):
                    yield padded
                    break
                for start in range(len(padded) - size + 1):
                    yield padded[start : start + size]

    return terms

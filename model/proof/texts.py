"""Strings that nobody trained on, as callers send them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

import numpy as np

from model.schema.signature import MISSING_TEXT

_STRANGE = (
    "", " ", "0", "01", "1", "1.0", "-1", "1e5", "3.14 42", "nan", "NaN", "NA", "N/A", "null", "None", "true", "True",
    "false", "2026-11-26", "1999-12-31", "2024-02-29", "2026-11-26T10:30:00", "26.11.2026", "ÜBER", "naïve café",
    "don't", "日本語", "Ελλάδα", "ß", "ﬁ", "İ", "x", "A_b-C", "tab\there", "line\nbreak", "a a a", "🙂", "<b>", "\\",
    '"', "never seen by anyone", "a" * 2000, " ".join(["word"] * 400), "\u200b", "e\u0301", "\u00e9",
)  # fmt: skip


def strange_texts(known: Sequence[str], rng: np.random.Generator, count: int = 400) -> list[str]:
    """Return unseen strings: known ones changed a little, their words put together anew, and others."""
    some = [str(text) for text in rng.choice(np.array(known, dtype=object), min(len(known), count))] if known else []
    found = [*_STRANGE]
    for text in some:
        found += [_changed(text, int(kind)) for kind in rng.integers(len(_CHANGES), size=3)]
    words = sorted({word for text in known for word in text.split()})
    if words:
        found += [" ".join(rng.choice(words, rng.integers(1, 12))) for _ in range(count)]
    return list(dict.fromkeys(found))


_STOP_WORDS = ("a", "and", "the", "of", "is", "I", "not", "IT", "to", "in")
# Letters of other alphabets, other cases of one letter, other digits, and what joins or separates words unseen.
_RARE = (
    *"ßẞſﬁİıΩΩÅÅéñçøłŁжЖабвאבעربनी日本語한글Ⅷ²٣३９_'-.,!?@#/\\",
    *"\t\n\r\x0b\x1c\u0085\u00a0\u00ad\u200b\u200d\u2028\ufeff\u0301\u0327\u20e3",
    "🙂", "👩\u200d🔬", "🇩🇪", "𝔘𝔫𝔦", "𐐀", "e\u0301", "o\u0308", "ά", "don't", "A_b", "3.14",
)  # fmt: skip
_MOST_READ, _MOST_WORDS = 3_000, 50_000


def drawn_texts(known: Sequence[str], rng: np.random.Generator, count: int = 1500) -> list[str]:
    """Return free texts made of the words of known ones, in every case and length, with every kind of character."""
    read = [known[place] for place in rng.permutation(len(known))[:_MOST_READ]]
    words = sorted({word for text in read for word in re.findall(r"\w+", str(text))})[:_MOST_WORDS] or ["word"]
    recipes: tuple[Callable[[list[str], np.random.Generator], str], ...] = (
        _plain,
        _joined_by_anything,
        _with_rare,
        _repeated,
        _stop_words,
        _letters,
    )
    found = [" ".join(rng.choice(words, 5_000)), " ".join(words[:1] * 3_000), *_STOP_WORDS, *_RARE]
    found += [recipes[kind](words, rng) for kind in rng.integers(len(recipes), size=count).tolist()]
    return list(dict.fromkeys(found))


def _some(words: list[str], rng: np.random.Generator, most: int = 20) -> list[str]:
    """Return a few words, each as it is or with its letters changed."""
    changes = rng.integers(len(_CASES), size=int(rng.integers(1, most)))
    return [_CASES[change](words[int(rng.integers(len(words)))]) for change in changes.tolist()]


def _plain(words: list[str], rng: np.random.Generator) -> str:
    return " ".join(_some(words, rng))


def _joined_by_anything(words: list[str], rng: np.random.Generator) -> str:
    return "".join(word + _RARE[int(rng.integers(len(_RARE)))] for word in _some(words, rng))


def _with_rare(words: list[str], rng: np.random.Generator) -> str:
    found = []
    for word in _some(words, rng):
        place = int(rng.integers(len(word) + 1))
        found.append(word[:place] + _RARE[int(rng.integers(len(_RARE)))] + word[place:])
    return " ".join(found)


def _repeated(words: list[str], rng: np.random.Generator) -> str:
    return " ".join(word for word in _some(words, rng, 5) for _ in range(int(rng.integers(1, 60))))


def _stop_words(_: list[str], rng: np.random.Generator) -> str:
    return " ".join(rng.choice(_STOP_WORDS, int(rng.integers(1, 12))))


def _letters(_: list[str], rng: np.random.Generator) -> str:
    """Return characters from anywhere in Unicode but its surrogates, which no text in UTF-8 has."""
    size, highest = int(rng.integers(1, 30)), int(rng.choice([0x80, 0x250, 0x3000, 0x20000]))
    codes = rng.integers(1, highest, size)
    return "".join(chr(code) for code in codes.tolist() if not 0xD800 <= code < 0xE000 and code != ord(MISSING_TEXT))


def _changed(text: str, kind: int) -> str:
    return _CHANGES[kind](text)


_CHANGES = (
    str.upper,
    str.lower,
    str.title,
    str.swapcase,
    lambda text: f" {text}",
    lambda text: f"{text} ",
    lambda text: f"{text}x",
    lambda text: text[:-1],
    lambda text: text[::-1],
    lambda text: text.replace(" ", "  "),
    lambda text: f"{text} {text}",
    lambda text: f"{text}\u0301",
    lambda text: unicodedata.normalize("NFD", text),
    lambda text: unicodedata.normalize("NFKC", text),
    lambda text: text.replace("1", "2").replace("0", "9"),
)
_CASES: tuple[Callable[[str], str], ...] = (
    str, str, str, str.upper, str.lower, str.title, str.swapcase, str.casefold,
    lambda word: unicodedata.normalize("NFD", word),
    lambda word: f"{word[:1]}\u0301{word[1:]}",
    lambda word: f"{word}s",
    lambda word: f"{word}1",
)  # fmt: skip

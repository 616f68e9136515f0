"""Strings that nobody trained on, as callers send them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np

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

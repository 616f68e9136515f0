"""Vectorizers of texts as columns of terms, read from their parameters and their fitted vocabulary."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer

from model.packing.compact.columns import Column, Document, Text, Underivable, is_nan
from model.runtime.compact.form import Change, Words
from model.runtime.estimator import parts

_WIDE = (np.dtype(np.float64), np.dtype(np.int64))


def takes_texts(step: Any) -> bool:
    """Tell whether a step, or one inside it, takes texts apart."""
    return any(isinstance(part, CountVectorizer | HashingVectorizer) for part in parts(step))


def counted(step: Any, columns: list[Column]) -> list[Column]:
    """Return the counts of a vocabulary's terms."""
    terms: list[Any] = [None] * len(step.vocabulary_)
    for term, place in step.vocabulary_.items():
        terms[place] = term
    if not all(type(term) is str for term in terms):
        raise Underivable("a vocabulary of something else than strings")
    return [_document(step, columns, tuple(terms), len(terms))]


def counted_and_weighted(step: Any, columns: list[Column]) -> list[Column]:
    """Return the counts of a vocabulary's terms as TfidfVectorizer weights them."""
    return weighted_by_rarity(step._tfidf, counted(step, columns))  # noqa: SLF001 - the transformer that it fitted


def hashed(step: Any, columns: list[Column]) -> list[Column]:
    """Return the counts of hashed terms."""
    found = _document(step, columns, None, step.n_features)
    norm: tuple[Change, ...] = () if step.norm is None else (step.norm,)
    return [replace(found, changes=found.changes + norm, signed=step.alternate_sign)]


def weighted_by_rarity(step: Any, columns: list[Column]) -> list[Column]:
    """Return counts of terms as TfidfTransformer weights them."""
    (column,) = columns if len(columns) == 1 else (None,)
    if not isinstance(column, Document) or column.factors is not None or len(column.kept) < column.size:
        raise Underivable("TfidfTransformer of something else than all terms of a text")
    changes: list[Change] = ["logarithm"] if step.sublinear_tf else []
    idf = getattr(step, "idf_", None)
    if idf is not None:
        if column.idf is not None:
            raise Underivable("two weights of rarity")
        column = replace(column, idf=np.asarray(idf, dtype=np.float64))
        changes.append("idf")
    changes += [] if step.norm is None else [step.norm]
    return [replace(column, changes=(*column.changes, *changes))]


def _document(step: Any, columns: list[Column], terms: tuple[str, ...] | None, size: int) -> Document:
    (column,) = columns if len(columns) == 1 else (None,)
    if not isinstance(column, Text) or not is_nan(column.missing):
        raise Underivable(f"{type(step).__name__} of something else than a feature of texts")
    if step.input != "content":
        raise Underivable("texts that are read from files")
    if np.dtype(step.dtype) not in _WIDE:
        raise Underivable(f"terms counted as {np.dtype(step.dtype)}")
    return Document(
        feature=column.feature, words=_words(step), changes=("presence",) if step.binary else (), terms=terms,
        signed=False, kept=np.arange(size), size=size,
    )  # fmt: skip


def _words(step: Any) -> Words:
    shortest, longest = (int(size) for size in step.ngram_range)
    if shortest < 1:
        raise Underivable("n-grams of nothing")
    given = (step.preprocessor, step.tokenizer)
    if any(each is not None for each in given) or callable(step.analyzer) or callable(step.strip_accents):
        raise Underivable("functions that take texts apart")
    by_words = step.analyzer == "word"
    stop = step.get_stop_words() if by_words else None
    if not all(type(word) is str for word in stop or ()):
        raise Underivable("stop words that are no strings")
    return Words(
        analyzer=step.analyzer, shortest=shortest, longest=longest, lowercase=bool(step.lowercase),
        accents=step.strip_accents or None, pattern=step.token_pattern if by_words else "",
        stop_words=tuple(sorted(stop or ())),
    )  # fmt: skip

"""What a compact form is made of, as it stands in a bundle."""

from __future__ import annotations

from typing import Literal

import msgspec

Link = Literal["number", "exp", "sign", "most"]
"""From scores to an answer: the score itself, its exponential, its sign, or the place of the highest."""

Change = Literal["presence", "logarithm", "idf", "l1", "l2"]
"""What counts of terms go through, in this order or another: 1 for each, 1 + log, weights of rarity, a norm of 1."""
Probability = Literal["logistic", "one_against_rest", "huber", "softmax"]


class Term(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one feature adds to each score: by weight, or by category."""

    weights: tuple[float, ...] | None = None
    center: float = 0.0
    """Subtracted from the value before it is weighted."""
    categories: dict[str, tuple[float, ...]] | None = None
    codes: tuple[tuple[float, tuple[float, ...]], ...] | None = None
    """Categories that are numbers."""
    unknown: tuple[float, ...] | None = None
    """What any other category adds; without it such a row is left to the full model."""
    missing: tuple[float, ...] | None = None

    @property
    def by_category(self) -> bool:
        """Tell whether the value is looked up, not weighted."""
        return self.weights is None


class Words(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a text is taken apart into terms: runs of words, or of characters."""

    analyzer: Literal["word", "char", "char_wb"]
    shortest: int
    longest: int
    lowercase: bool
    accents: Literal["ascii", "unicode"] | None = None
    """How accents are taken away."""
    pattern: str = ""
    stop_words: tuple[str, ...] = ()


class Hashed(msgspec.Struct, frozen=True):
    """Terms that are no list of words, but each the place that its hash gives."""

    buckets: int
    signed: bool
    places: bytes
    """The buckets that have numbers of their own, as int32; the numbers of all others come last."""


class Document(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a text adds to each score: how often it has each term, changed and weighted."""

    feature: int
    words: Words
    changes: tuple[Change, ...]
    weights: bytes
    """One float64 a score and term, the scores of a term together."""
    idf: bytes = b""
    """One float64 a term."""
    terms: tuple[str, ...] = ()
    hashed: Hashed | None = None


class Sum(msgspec.Struct, frozen=True, tag="sum", omit_defaults=True):
    """A score is an intercept, one term a feature, and what texts add."""

    intercepts: tuple[float, ...]
    terms: tuple[Term, ...]
    link: Link
    limit: float
    """Rows with larger numbers are left to the full model."""
    margin: tuple[float, float]
    """Rounding may move a score by so much for each unit of the row's size, and by so much in any case."""
    documents: tuple[Document, ...] = ()
    probability: Probability | None = None
    """How scores become probabilities; only known where texts are, whose forms answer without a full model."""


class Trees(msgspec.Struct, frozen=True, tag="trees", omit_defaults=True):
    """Rules over leaves: where a feature is above its threshold, this run of leaves is out."""

    features: tuple[int, ...]
    thresholds: tuple[float, ...]
    firsts: tuple[int, ...]
    counts: tuple[int, ...]
    trees: tuple[int, ...]
    """Each tree's first leaf."""
    values: tuple[tuple[float, ...], ...]
    """What each leaf adds, one list a score."""
    base: tuple[float, ...]
    link: Link
    limit: float
    margin: float
    """Scores that are closer than this are left to the full model; 0 where they are whole numbers, and exact."""
    narrow: bool = False
    """Scores are added up in float32, in the order of the trees."""


Form = Sum | Trees

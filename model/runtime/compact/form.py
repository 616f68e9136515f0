"""What a compact form is made of, as it stands in a bundle."""

from __future__ import annotations

from typing import Literal

import msgspec

Link = Literal["number", "exp", "sign", "most"]
"""From scores to an answer: the score itself, its exponential, its sign, or the place of the highest."""


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


class Sum(msgspec.Struct, frozen=True, tag="sum"):
    """A score is an intercept and one term a feature."""

    intercepts: tuple[float, ...]
    terms: tuple[Term, ...]
    link: Link
    limit: float
    """Rows with larger numbers are left to the full model."""
    margin: tuple[float, float]
    """Rounding may move a score by so much for each unit of the row's size, and by so much in any case."""


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

"""The trees of a boosting library's model, and what becomes of their sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from model.trees.tree import Tree

Link = Literal["number", "exp", "logistic", "softmax", "each"]
"""From sums to answers: the number itself, its exponential, or probabilities; `each` class has a logistic one."""


@dataclass(frozen=True)
class Boosted:
    """A fitted model of boosted trees, whatever library made it."""

    trees: list[Tree]
    base: NDArray[np.float64]
    """What each sum starts with."""
    link: Link
    narrow: bool = False
    """Sums are of float32, added up in the order of the trees."""
    divisor: int = 1
    """Sums are divided by it."""
    slope: float = 1.0
    """Sums are multiplied by it before they become probabilities."""
    categories: Mapping[int, tuple[Any, ...]] = field(default_factory=dict)
    """The categories of a feature that trees see by number, in the order of these."""

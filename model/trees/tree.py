"""One tree: where it splits, and what its leaves add."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


class Inexact(Exception):  # noqa: N818 - not a fault: scikit-learn serves the model instead
    """What a converter could not answer exactly, and therefore does not convert."""


@dataclass(frozen=True)
class Tree:
    """One tree: parallel arrays over its nodes, the first of which is its root."""

    leaf: NDArray[np.bool_]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    target: NDArray[np.int64]
    """Which output a leaf adds to."""
    value: NDArray[np.float64]
    """What a leaf adds to it."""
    members: dict[int, list[float]]
    """Nodes that send these categories left, instead of comparing with a threshold."""

    def adding_to(self, target: int) -> Tree:
        """Return this tree with its leaves adding to another output."""
        return replace(self, target=np.full(len(self.leaf), target))


def before_rounding(thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the float64 bounds that decide as `float32(x) <= threshold` does, for an x that nobody rounded."""
    below = thresholds.astype(np.float32)
    below = np.where(below > thresholds, np.nextafter(below, np.float32(-np.inf)), below)
    above = np.nextafter(below, np.float32(np.inf))
    middle = (below.astype(np.float64) + above.astype(np.float64)) / 2
    # What lies halfway rounds to the even neighbour, which may be either.
    bounds: NDArray[np.float64] = np.where(middle.astype(np.float32) == below, middle, np.nextafter(middle, -np.inf))
    return bounds


def with_inner_root(tree: Tree) -> Tree:
    """Give a tree that is one leaf a root, which the operator insists on: both of its ways lead to the same value."""
    if not tree.leaf[0]:
        return tree
    return Tree(
        leaf=np.array([False, True, True]),
        feature=np.zeros(3, dtype=np.int64),
        threshold=np.zeros(3),
        left=np.array([1, 0, 0]),
        right=np.array([2, 0, 0]),
        missing_left=np.zeros(3, dtype=bool),
        target=np.repeat(tree.target[:1], 3),
        value=np.repeat(tree.value[:1], 3),
        members={},
    )

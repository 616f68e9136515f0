"""Whether the nodes of scikit-learn's trees lead to nodes, and look at features, that are there.

Compiled code walks a tree without looking. A pickle may do anything anyway; a file without code must not be able to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.runtime.estimator import parts

Places = NDArray[np.int64]


@dataclass(frozen=True)
class _Branches:
    """The inner nodes of a tree: where they stand, the nodes below them, and the features that they look at."""

    places: Places
    left: Places
    right: Places
    features: Places
    nodes: int
    width: int

    def is_sound(self) -> bool:
        """Tell whether all lead to later nodes, as fitting makes them; so a walk ends too."""
        below = np.stack([self.left, self.right])
        leads = ((below > self.places) & (below < self.nodes)).all()
        return bool(leads and ((self.features >= 0) & (self.features < self.width)).all())


def has_sound_trees(thing: Any) -> bool:
    """Tell whether every tree of an estimator is sound."""
    return all(
        branches.is_sound()
        for part in parts(thing)
        for branches in (*_of_tree(vars(part)), *_of_histograms(vars(part)))
    )


def _of_tree(own: dict[str, Any]) -> Iterator[_Branches]:
    if (tree := own.get("tree_")) is not None:
        places = np.flatnonzero(tree.children_left != -1)
        left, right, features = (
            _whole(each[places]) for each in (tree.children_left, tree.children_right, tree.feature)
        )
        yield _Branches(places, left, right, features, tree.node_count, min(tree.n_features, own["n_features_in_"]))


def _of_histograms(own: dict[str, Any]) -> Iterator[_Branches]:
    for predictor in (each for several in own.get("_predictors", ()) for each in several):
        nodes = predictor.nodes
        places = np.flatnonzero(nodes["is_leaf"] == 0)
        left, right, features = (_whole(nodes[name][places]) for name in ("left", "right", "feature_idx"))
        # A node that looks at categories has a row in the table of sets.
        rows = _whole(nodes["bitset_idx"][nodes["is_categorical"] != 0])
        are_there = (rows < len(predictor.raw_left_cat_bitsets)).all()
        yield _Branches(places, left, right, features, len(nodes), own["n_features_in_"] if are_there else 0)


def _whole(numbers: NDArray[Any]) -> Places:
    return numbers.astype(np.int64)

"""Whether what a file of skops has made is what fitting makes, where compiled code or skops would not look.

The nodes of a tree must lead to nodes, and look at features, that are there. Other state is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.tree._tree import Tree
from sklearn.utils import check_array

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
        return bool(self.nodes and leads and ((self.features >= 0) & (self.features < self.width)).all())


def has_sound_trees(thing: Any) -> bool:
    """Tell whether every tree inside an estimator is as fitting leaves it."""
    try:
        return all(map(_is_sound, _everything(thing, {})))
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        return False


def bound_functions(thing: Any) -> Iterator[str]:
    """Yield the names of functions that have fixed arguments, but for the one that histogram boosting keeps."""
    for each in _everything(thing, {}):
        if isinstance(each, partial) and each.func is not check_array:
            yield f"{each.func.__module__}.{getattr(each.func, '__qualname__', type(each.func).__qualname__)}"


def _everything(thing: Any, seen: dict[int, Any]) -> Iterator[Any]:
    """Walk all objects that can be reached; what was seen is kept, since its id may be that of another one later."""
    if id(thing) in seen or isinstance(thing, str | bytes | int | float | type | None):
        return
    seen[id(thing)] = thing
    yield thing
    inside: Iterable[Any] = ()
    if isinstance(thing, Mapping):
        inside = thing.values()
    elif isinstance(thing, list | tuple | set | frozenset):
        inside = thing
    elif isinstance(thing, np.ndarray):
        inside = thing.ravel().tolist() if thing.dtype == object else ()
    elif hasattr(thing, "__dict__"):
        inside = vars(thing).values()
    for each in inside:
        yield from _everything(each, seen)


def _is_sound(thing: Any) -> bool:
    if not hasattr(thing, "__dict__"):
        return True
    own = vars(thing)
    return isinstance(own.get("tree_"), Tree | None) and all(
        branches.is_sound() for branches in (*_of_tree(own), *_of_histograms(own))
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
        if not isinstance(predictor, TreePredictor):
            raise TypeError(predictor)
        nodes = predictor.nodes
        places = np.flatnonzero(nodes["is_leaf"] == 0)
        left, right, features = (_whole(nodes[name][places]) for name in ("left", "right", "feature_idx"))
        # A node that looks at categories has a row in the table of sets.
        rows = _whole(nodes["bitset_idx"][nodes["is_categorical"] != 0])
        are_there = (rows < len(predictor.raw_left_cat_bitsets)).all()
        yield _Branches(places, left, right, features, len(nodes), own["n_features_in_"] if are_there else 0)


def _whole(numbers: NDArray[Any]) -> Places:
    return numbers.astype(np.int64)

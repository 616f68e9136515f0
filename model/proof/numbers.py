"""The numbers that stand in any fitted step: where answers change, and where a copy may differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import CodeType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.runtime.estimator import parts
from model.trees.read import library_of, read_boosted
from model.trees.tree import Inexact

MOST_NUMBERS = 20_000
_MOST_EACH = 2_000


def numbers_in(estimator: Any) -> NDArray[np.float64]:
    """Return the finite numbers in the attributes, parameters and functions of every part, without repeats."""
    rng = np.random.default_rng(0)
    found = [_some(values, rng) for part in parts(estimator) for values in _numbers(vars(part).values())]
    every = np.unique(np.concatenate(found)) if found else np.empty(0)
    return _some(every, rng, MOST_NUMBERS)


def _some(values: NDArray[np.float64], rng: np.random.Generator, most: int = _MOST_EACH) -> NDArray[np.float64]:
    return rng.choice(values, most, replace=False) if len(values) > most else values


def _numbers(values: Iterable[Any], depth: int = 0) -> Iterator[NDArray[np.float64]]:
    for value in values:
        if isinstance(value, bool | str | bytes):
            continue
        if isinstance(value, int | float | np.number):
            yield _finite([value])
        elif isinstance(value, np.ndarray) and value.dtype.names:
            yield from _numbers((value[name] for name in value.dtype.names), depth)
        elif isinstance(value, np.ndarray) and value.dtype.kind in "iuf":
            yield _finite(value)
        elif depth < 4:
            yield from _numbers(_inside(value), depth + 1)


def _inside(value: Any) -> Iterable[Any]:
    """Return what a container, a tree or a function holds."""
    if isinstance(value, Mapping):
        return value.values()
    if isinstance(value, list | tuple | set) or (isinstance(value, np.ndarray) and value.dtype == object):
        return list(value)[:_MOST_EACH]
    if hasattr(value, "threshold") and hasattr(value, "children_left"):
        return [value.threshold]
    if hasattr(value, "nodes") and hasattr(value, "raw_left_cat_bitsets"):
        return [value.nodes["num_threshold"]]
    code = value if isinstance(value, CodeType) else getattr(value, "__code__", None)
    if code is None:
        return ()
    cells = (cell.cell_contents for cell in getattr(value, "__closure__", None) or ())
    return [*code.co_consts, *(getattr(value, "__defaults__", None) or ()), *cells]


def _finite(values: Any) -> NDArray[np.float64]:
    array = np.asarray(values).astype(np.float64).ravel()
    return np.unique(array[np.isfinite(array)])


def thresholds(estimator: Any, names: tuple[str, ...]) -> dict[str, NDArray[np.float64]]:
    """Return the values at which the estimator's trees split each feature, in the callers' units."""
    found: dict[int, list[NDArray[Any]]] = {}
    for part in parts(estimator):
        for features, values in _splits(part):
            for feature in np.unique(features):
                found.setdefault(int(feature), []).append(values[features == feature])
    rng = np.random.default_rng(0)
    edges = {f: np.unique(np.concatenate(values)) for f, values in found.items() if f < len(names)}
    # A split between missing and present stands at infinity.
    edges = {f: _some(values[np.isfinite(values)], rng) for f, values in edges.items()}
    return {names[f]: values for f, values in _before_scaling(estimator, edges, len(names)).items()}


def _splits(part: Any) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Return (features, thresholds) of the inner nodes of this part's own trees."""
    if hasattr(part, "tree_"):
        inner = part.tree_.feature >= 0
        return [(part.tree_.feature[inner], part.tree_.threshold[inner])]
    if library_of(part):
        return _library_splits(part)
    nodes = [tree.nodes for stage in getattr(part, "_predictors", ()) for tree in stage if hasattr(tree, "nodes")]
    inner_nodes = [each[(each["is_leaf"] == 0) & (each["is_categorical"] == 0)] for each in nodes]
    return [(each["feature_idx"], each["num_threshold"]) for each in inner_nodes]


def _library_splits(part: Any) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    try:
        trees = read_boosted(part).trees
    except Inexact:
        return []
    return [(tree.feature[~tree.leaf], tree.threshold[~tree.leaf]) for tree in trees]


def _before_scaling(estimator: Any, edges: dict[int, NDArray[Any]], width: int) -> dict[int, NDArray[Any]]:
    """Map thresholds back through the steps before the trees, as far as those keep each feature its own."""
    pipeline = next((part for part in parts(estimator) if hasattr(part, "steps")), None)
    for _, step in reversed(pipeline.steps[:-1] if pipeline is not None else []):
        if not hasattr(step, "inverse_transform") or getattr(step, "n_features_in_", None) != width:
            return {}
        for feature, values in edges.items():
            table = np.zeros((len(values), width))
            table[:, feature] = values
            try:
                edges[feature] = np.asarray(step.inverse_transform(table))[:, feature].astype(np.float64)
            except Exception:  # noqa: BLE001 - a step that cannot undo these values; they are only hints where to look
                return {}
    return edges

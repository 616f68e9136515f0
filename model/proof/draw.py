"""Draw rows around the training data, where a compiled copy is most likely to differ from its original.

A drawn row starts as a real one; then some of its values move: a little, anywhere in the range and past it, onto a
tree's threshold or one step of float64 beside it, to another category, to one never seen, to none at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.runtime.estimator import parts
from model.schema.rows import Table
from model.schema.signature import Feature, Signature

MOST_THRESHOLDS = 5000
_ODD_TEXTS = ("", " ", "ÜBER", "naïve café", "don't", "x", "3.14 42", "日本語", "A_b-C", "tab\there", "a a a")
UNSEEN = "never seen"


def draw(rows: Table, signature: Signature, thresholds: dict[str, NDArray[Any]], count: int, seed: int = 0) -> Table:
    """Return this many rows near the given ones, in the same form."""
    rng = np.random.default_rng(seed)
    table = rows if isinstance(rows, dict) else dict(zip(signature.names, rows.T, strict=True))
    height = len(next(iter(table.values())))
    start = rng.integers(height, size=count)
    drawn = {}
    for feature in signature.features:
        column = np.asarray(table[feature.name]).ravel()
        change = _text if feature.type == "string" else _number
        drawn[feature.name] = change(feature, column, column[start], thresholds.get(feature.name), rng)
    if isinstance(rows, dict):
        return {name: column.reshape(-1, 1) for name, column in drawn.items()}
    return np.column_stack(list(drawn.values()))


def _number(
    feature: Feature, column: NDArray[Any], start: NDArray[Any], known: NDArray[Any] | None, rng: np.random.Generator
) -> NDArray[Any]:
    values = start.astype(np.float64)
    chance = rng.random(len(values))
    present = column[~np.isnan(column)]
    if feature.closed or feature.type == "boolean":
        pool = np.asarray(feature.categories if feature.closed else (0.0, 1.0), dtype=np.float64)
        values = np.where(chance < 0.3, rng.choice(pool, len(values)), values)
    elif len(present):
        low, high = float(present.min()), float(present.max())
        span = (high - low) or 1.0
        moved = np.where(chance < 0.15, values + rng.normal(0, span / 20, len(values)), values)
        moved = np.where((chance >= 0.15) & (chance < 0.3), rng.uniform(low - span / 5, high + span / 5), moved)
        if feature.type == "integer":
            moved = np.round(moved)
        edges = _midpoints(present) if known is None else np.concatenate([known, _midpoints(present)])
        picked = rng.choice(edges, len(values)) if len(edges) else values
        beside = np.nextafter(picked, picked + rng.choice([-1.0, 0.0, 1.0], len(values)))
        values = np.where((chance >= 0.3) & (chance < 0.55), beside, moved)
    return np.where(chance > 0.94, np.nan, values) if feature.missing else values


def _text(
    feature: Feature, column: NDArray[Any], start: NDArray[Any], _: NDArray[Any] | None, rng: np.random.Generator
) -> NDArray[Any]:
    values = start.copy()
    chance = rng.random(len(values))
    if feature.categories is None:
        words = np.array(sorted({word for text in column if isinstance(text, str) for word in text.split()}), object)
        for i in np.flatnonzero(chance < 0.5):
            some = rng.choice(words, rng.integers(1, 12)).tolist() if len(words) else []
            values[i] = " ".join(some) if rng.random() < 0.8 else str(rng.choice(_ODD_TEXTS)) + " ".join(some).upper()
    else:
        other = rng.choice(np.array(feature.categories, dtype=object), len(values))
        values = np.where(chance < 0.3, other, values)
        if not feature.closed:
            values = np.where((chance >= 0.3) & (chance < 0.36), UNSEEN, values)
    if feature.missing:
        values[chance > 0.94] = np.nan
    return values


def _midpoints(values: NDArray[Any]) -> NDArray[Any]:
    """Return where trees like to split: halfway between neighbours."""
    distinct = np.unique(values)[:MOST_THRESHOLDS]
    middles: NDArray[Any] = (distinct[1:] + distinct[:-1]) / 2
    return middles


def thresholds(estimator: Any, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Return the values at which the estimator's trees split each feature, in the callers' units."""
    found: dict[int, list[NDArray[Any]]] = {}
    for part in parts(estimator):
        for features, values in _splits(part):
            for feature in np.unique(features):
                found.setdefault(int(feature), []).append(values[features == feature])
    rng = np.random.default_rng(0)
    edges = {feature: np.unique(np.concatenate(values)) for feature, values in found.items()}
    # A split between missing and present stands at infinity.
    edges = {f: values[np.isfinite(values)] for f, values in edges.items() if f < len(names)}
    edges = {f: rng.permutation(values)[:MOST_THRESHOLDS] for f, values in edges.items()}
    return {names[f]: values for f, values in _undo_scaling(estimator, edges, len(names)).items()}


def _splits(part: Any) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Return (features, thresholds) of the inner nodes of this part's own trees."""
    if hasattr(part, "tree_"):
        inner = part.tree_.feature >= 0
        return [(part.tree_.feature[inner], part.tree_.threshold[inner])]
    nodes = [tree.nodes for stage in getattr(part, "_predictors", ()) for tree in stage if hasattr(tree, "nodes")]
    inner_nodes = [each[(each["is_leaf"] == 0) & (each["is_categorical"] == 0)] for each in nodes]
    return [(each["feature_idx"], each["num_threshold"]) for each in inner_nodes]


def _undo_scaling(estimator: Any, edges: dict[int, NDArray[Any]], width: int) -> dict[int, NDArray[Any]]:
    """Map thresholds back through the steps before the trees, as far as those keep each feature its own."""
    pipeline = next((part for part in parts(estimator) if hasattr(part, "steps")), None)
    for _, step in reversed(pipeline.steps[:-1] if pipeline is not None else []):
        if not hasattr(step, "inverse_transform") or getattr(step, "n_features_in_", None) != width:
            return {}
        for feature, values in edges.items():
            table = np.zeros((len(values), width))
            table[:, feature] = values
            edges[feature] = np.asarray(step.inverse_transform(table))[:, feature]
    return edges

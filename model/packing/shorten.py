"""Find the short form of a small model, and prove it on the same rows as the compiled copy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from model.bundle.manifest import Parity
from model.packing.converters.boosting import LOG_LINK, plain_trees
from model.packing.converters.forests import CLASSIFIERS, REGRESSORS, plain_forest
from model.packing.converters.trees import Tree, with_inner_root
from model.proof.compare import TOLERANCE, largest_error
from model.proof.draw import draw, thresholds
from model.runtime.compact import Form, Link, Sum, Term, Trees, answerer
from model.runtime.estimator import Original, height
from model.schema.rows import Table

MOST_LEAVES = 20_000
MOST_BYTES = 8 << 20


@dataclass(frozen=True)
class Short:
    """A short form that passed its proof."""

    form: Form
    parity: Parity


def shorten(model: Original, rows: Table, drawn: int) -> Short | None:
    """Return the short form of a model, if there is one that answers as the model does."""
    # A number that must be one of a few is the long way's to check.
    coded = any(feature.closed and feature.type != "string" for feature in model.signature.features)
    if len(model.signature.targets) > 1 or model.form.kind == "texts" or coded:
        return None
    around = draw(rows, model.signature, thresholds(model.estimator, model.signature.names), drawn)
    for form in _candidates(model, rows):
        parity = _prove(model, form, rows, around)
        if parity is not None and parity.passed:
            return Short(form, parity)
    return None


def _candidates(model: Original, rows: Table) -> Iterator[Form]:
    try:
        trees = _as_trees(model)
        yield from [trees] if trees is not None else _as_sums(model, rows)
    except Exception:  # noqa: BLE001 - a foreign estimator raises what it likes; then it has no short form
        return


def _prove(model: Original, form: Form, rows: Table, around: Table) -> Parity | None:
    """Compare on every row that the short form takes; those that it leaves to the long way are not its business."""
    answer = answerer(form, model.signature)
    labels, error, counts = 0, 0.0, []
    for table in (rows, around):
        said = [answer(row) for row in by_row(table)]
        taken = [place for place, value in enumerate(said) if value is not None]
        expected = model.predict(table)[taken]
        found = np.array([said[place] for place in taken], dtype=expected.dtype if taken else None)
        counts.append(len(taken))
        if model.signature.targets[0].classes is None:
            error = max(error, largest_error(expected, found)) if taken else error
        else:
            labels += int((expected != found).sum())
    if counts[1] < height(around) / 4:
        return None
    return Parity(
        training_rows=counts[0], drawn_rows=counts[1], differing_labels=labels, largest_error=error, tolerance=TOLERANCE
    )


def by_row(table: Table) -> list[list[Any]]:
    """Return rows as lists of JSON values."""
    columns = table.values() if isinstance(table, dict) else table.T
    lists = [[None if cell != cell else cell for cell in np.asarray(column).ravel().tolist()] for column in columns]  # noqa: PLR0124
    return list(map(list, zip(*lists, strict=True)))


def _as_sums(model: Original, rows: Table) -> Iterator[Sum]:
    """Ask the model for its scores with one feature changed at a time; the proof tells whether that was all of it."""
    several = len(model.signature.targets[0].classes or ())
    links: tuple[Link, ...] = ("most" if several > 2 else "sign",) if several else ("number", "exp")
    for link in links:
        scores = _Scores(model, rows, link)
        yield Sum(scores.intercepts, tuple(scores.term(name) for name in model.signature.names), link)


class _Scores:
    """A model's scores around one typical row."""

    def __init__(self, model: Original, rows: Table, link: Link) -> None:
        self.model, self.link = model, link
        self.features = {feature.name: feature for feature in model.signature.features}
        self.base = {name: self._start(name) for name in self.features}
        self.numeric = not isinstance(rows, dict)
        self.start = self._ask([self.base])[0]
        numbers = [name for name in self.features if self.features[name].type != "string"]
        self.weights = {name: self._weight(name) for name in numbers}
        shift = sum((self.weights[name] * float(self.base[name]) for name in numbers), np.zeros_like(self.start))
        self.intercepts = tuple((self.start - shift).tolist())

    def _start(self, name: str) -> Any:
        feature = self.features[name]
        return feature.typical if feature.type == "string" else float(feature.low or 0.0)

    def _weight(self, name: str) -> NDArray[np.float64]:
        low = float(self.base[name])
        high = self.features[name].high
        high = low + 1.0 if high is None or high <= low else high
        ends = self._ask([{**self.base, name: value} for value in (low, high)])
        weight: NDArray[np.float64] = (ends[1] - ends[0]) / (high - low)
        return weight

    def term(self, name: str) -> Term:
        """Return what a feature adds, relative to the typical row."""
        feature = self.features[name]
        missing = self._change(name, np.nan) if feature.missing else None
        if feature.type != "string":
            weight = self.weights[name]
            back = None if missing is None else tuple((np.array(missing) + weight * float(self.base[name])).tolist())
            return Term(weights=tuple(weight.tolist()), missing=back)
        categories = {str(value): self._change(name, value) for value in feature.categories or ()}
        unknown = None if feature.closed else self._change(name, "never seen by anyone")
        return Term(categories=categories, unknown=unknown, missing=missing)

    def _change(self, name: str, value: Any) -> tuple[float, ...]:
        changed: list[float] = (self._ask([{**self.base, name: value}])[0] - self.start).tolist()
        return tuple(changed)

    def _ask(self, rows: list[dict[str, Any]]) -> NDArray[np.float64]:
        columns = {
            name: np.array([[row[name]] for row in rows], dtype=object if feature.type == "string" else np.float64)
            for name, feature in self.features.items()
        }
        table: Table = np.column_stack(list(columns.values())) if self.numeric else columns
        given = self.model.present(table)
        ask = self.model.estimator.predict if self.link in ("number", "exp") else self.model.estimator.decision_function
        scores = np.asarray(ask(given), dtype=np.float64).reshape(len(rows), -1)
        return np.log(scores) if self.link == "exp" else scores


def _as_trees(model: Original) -> Trees | None:
    """Return a forest or boosted trees as rules over leaves, scaling before them undone in the thresholds."""
    steps = [step for _, step in getattr(model.estimator, "steps", ())]
    last = steps[-1] if steps else model.estimator
    found = _ensemble(last)
    if found is None or not model.signature.numeric:
        return None
    trees, base, link = found
    if sum(int(tree.leaf.sum()) for tree in trees) > MOST_LEAVES or any(tree.members for tree in trees):
        return None
    form = _rules([with_inner_root(tree) for tree in trees], base, link)
    if len(set(zip(form.features, form.thresholds, strict=True))) * len(form.values[0]) / 8 > MOST_BYTES:
        return None
    return _unscaled(form, model, steps[:-1])


def _ensemble(last: Any) -> tuple[list[Tree], NDArray[np.float64], Link] | None:
    if isinstance(last, HistGradientBoostingClassifier | HistGradientBoostingRegressor):
        trees, base = plain_trees(last)
        if isinstance(last, HistGradientBoostingRegressor):
            return trees, base, "exp" if last.loss in LOG_LINK else "number"
        return trees, base, "most" if len(base) > 1 else "sign"
    if type(last) in CLASSIFIERS:
        trees, targets = plain_forest(last, normalised=True)
        return trees, np.zeros(targets), "most"
    if type(last) in REGRESSORS:
        trees, targets = plain_forest(last, normalised=False)
        for tree in trees:
            tree.value[:] = tree.value / len(getattr(last, "estimators_", [last]))
        return trees, np.zeros(targets), "number"
    return None


def _rules(trees: list[Tree], base: NDArray[np.float64], link: Link) -> Trees:
    rules: list[tuple[int, float, int, int]] = []
    firsts: list[int] = []
    leaves: list[tuple[int, float]] = []
    for tree in trees:
        firsts.append(len(leaves))
        _walk(tree, 0, rules, leaves)
    values = np.zeros((len(base), len(leaves)))
    for place, (target, value) in enumerate(leaves):
        values[target, place] = value
    features, limits, starts, counts = zip(*rules, strict=True)
    return Trees(
        features, limits, starts, counts, tuple(firsts), tuple(map(tuple, values.tolist())), tuple(base.tolist()), link
    )


def _walk(tree: Tree, node: int, rules: list[tuple[int, float, int, int]], leaves: list[tuple[int, float]]) -> None:
    """Count leaves from left to right; going right at a node rules out what lies left of it."""
    if tree.leaf[node]:
        leaves.append((int(tree.target[node]), float(tree.value[node])))
        return
    first = len(leaves)
    _walk(tree, int(tree.left[node]), rules, leaves)
    rules.append((int(tree.feature[node]), float(tree.threshold[node]), first, len(leaves) - first))
    _walk(tree, int(tree.right[node]), rules, leaves)


def _unscaled(form: Trees, model: Original, steps: list[Any]) -> Trees | None:
    """Move thresholds to the callers' units: to the largest number that scaling still leaves below or at each."""
    if not steps:
        return form
    width = len(model.signature.features)
    if any(getattr(step, "n_features_in_", None) != width or not hasattr(step, "transform") for step in steps):
        return None
    features, wanted = np.array(form.features), np.array(form.thresholds)
    low, high = (np.full(len(wanted), _place(np.array([end]))[0]) for end in (-1e300, 1e300))
    while True:
        # Half of each first: their sum would overflow.
        middle = (low >> 1) + (high >> 1) + (low & high & 1)
        if (middle == low).all():
            return replace(form, thresholds=tuple(_number(low).tolist()))
        table = np.zeros((len(wanted), width))
        table[np.arange(len(wanted)), features] = _number(middle)
        scaled: Any = model.present(table)
        for step in steps:
            scaled = step.transform(scaled)
        if np.shape(scaled) != table.shape:
            return None
        below = np.asarray(scaled)[np.arange(len(wanted)), features] <= wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)


def _place(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return where numbers stand among all float64s."""
    bits = numbers.view(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFFFFFFFFFF), bits)


def _number(places: NDArray[np.int64]) -> NDArray[np.float64]:
    bits = np.where(places < 0, (-places) | np.int64(-0x8000000000000000), places)
    numbers: NDArray[np.float64] = bits.view(np.float64)
    return numbers

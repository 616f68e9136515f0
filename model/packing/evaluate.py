"""How good a model is on rows whose answers are known, and what its training data looked like."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import inspection, metrics

from model.bundle.manifest import Evaluation, Histogram, Reference
from model.packing.table import PackError, neutral
from model.proof.compare import Answers, original
from model.runtime.estimator import Original
from model.schema.rows import Table
from model.schema.signature import Feature, Signature, Target, Type

BINS = 10
MOST_POINTS = 300
MOST_ROWS_SHUFFLED = 1000


def evaluate(model: Original, rows: pd.DataFrame, truth: pd.Series[Any], source: str) -> Evaluation | None:
    """Judge a model of one target by rows it can be judged by; other kinds have no single answer to judge."""
    signature = model.signature
    if len(signature.targets) > 1 or signature.task not in ("classification", "regression"):
        return None
    known = truth.notna().to_numpy()
    rows, right = rows[known], truth[known].to_numpy()
    _require_known_labels(signature.targets[0], right)
    answers = original(model, neutral(rows, _types(model)))
    judge = _classified if signature.task == "classification" else _predicted
    found = judge(signature.targets[0], answers, right)
    importance = _importance(model, rows, right)
    return Evaluation(rows=len(right), source=source, importance=importance, **found)


def _types(model: Original) -> dict[str, Type]:
    return {feature.name: feature.type for feature in model.signature.features}


def _require_known_labels(target: Target, right: NDArray[Any]) -> None:
    if target.classes is not None:
        unknown = sorted({str(label) for label in set(right.tolist()) - set(target.classes)})
        if unknown:
            known = ", ".join(map(str, target.classes[:10]))
            raise PackError(f"the target holds {', '.join(unknown[:5])}, but the model knows the classes {known}")
    elif right.dtype.kind not in "fiub":
        raise PackError("the target holds texts, but the model predicts numbers")


def _classified(target: Target, answers: Answers, right: NDArray[Any]) -> dict[str, Any]:
    classes = list(target.classes or ())
    said = answers.predict[:, 0]
    confusion = metrics.confusion_matrix(right, said, labels=classes)
    figures = {
        "accuracy": metrics.accuracy_score(right, said),
        "f1_macro": metrics.f1_score(right, said, average="macro", labels=classes, zero_division=0.0),
    }
    calibration = None
    if answers.proba:
        figures |= _ranked(classes, answers.proba[0], right)
        calibration = _calibration(classes, answers.proba[0], right)
    return {
        "metrics": {name: float(value) for name, value in figures.items()},
        "balance": tuple(int((right == label).sum()) for label in classes),
        "confusion": tuple(map(tuple, confusion.tolist())),
        "calibration": calibration,
    }


def _ranked(classes: list[Any], proba: NDArray[Any], right: NDArray[Any]) -> dict[str, float]:
    if len(set(right.tolist())) < len(classes) or len(classes) < 2:
        return {}
    scores = proba[:, 1] if len(classes) == 2 else proba
    return {
        "roc_auc": metrics.roc_auc_score(right, scores, multi_class="ovr", labels=classes),
        "log_loss": metrics.log_loss(right, proba, labels=classes),
    }


def _calibration(classes: list[Any], proba: NDArray[Any], right: NDArray[Any]) -> tuple[tuple[float, float, int], ...]:
    """Bin every class's probability and tell how often it came true."""
    shown = proba.ravel() if len(classes) > 2 else proba[:, -1]
    true = (right[:, None] == np.asarray(classes, dtype=right.dtype)[None, :]).astype(float)
    came = true.ravel() if len(classes) > 2 else true[:, -1]
    place = np.clip((shown * BINS).astype(int), 0, BINS - 1)
    bins = [(shown[place == i], came[place == i]) for i in range(BINS)]
    return tuple((round(float(p.mean()), 6), round(float(c.mean()), 6), len(p)) for p, c in bins if len(p))


def _predicted(_: Target, answers: Answers, right: NDArray[Any]) -> dict[str, Any]:
    said = answers.predict[:, 0].astype(float)
    right = right.astype(float)
    figures = {
        "r2": metrics.r2_score(right, said) if len(right) > 1 else float("nan"),
        "mean_absolute_error": metrics.mean_absolute_error(right, said),
        "root_mean_squared_error": metrics.root_mean_squared_error(right, said),
    }
    some = np.random.default_rng(0).permutation(len(right))[:MOST_POINTS]
    points = tuple((round(float(t), 6), round(float(p), 6)) for t, p in zip(right[some], said[some], strict=True))
    return {"metrics": {n: float(v) for n, v in figures.items() if np.isfinite(v)}, "scatter": points}


def _importance(model: Original, rows: pd.DataFrame, right: NDArray[Any]) -> dict[str, float] | None:
    """Shuffle one feature at a time, and see by how much accuracy or r2 falls."""
    if model.form.kind == "texts" or len(right) < 2:
        return None
    some = np.random.default_rng(0).permutation(len(right))[:MOST_ROWS_SHUFFLED]
    given = model.present(neutral(rows.iloc[some], _types(model)))
    scoring = "accuracy" if model.signature.task == "classification" else "r2"
    found = inspection.permutation_importance(
        model.estimator, given, right[some], scoring=scoring, n_repeats=5, random_state=0
    )
    falls = zip(model.signature.names, found.importances_mean, strict=True)
    return {name: round(float(fall), 6) for name, fall in falls}


def reference(signature: Signature, rows: Table, answers: Answers) -> Reference:
    """Count what the training rows looked like, and what the model said of them."""
    table = rows if isinstance(rows, dict) else dict(zip(signature.names, rows.T, strict=True))
    return Reference(
        features={f.name: _feature_histogram(f, np.asarray(table[f.name]).ravel()) for f in signature.features},
        predictions=tuple(_target_histogram(t, answers.predict[:, i]) for i, t in enumerate(signature.targets)),
    )


def _feature_histogram(feature: Feature, values: NDArray[Any]) -> Histogram:
    if feature.type == "string":
        present_values = [value for value in values if isinstance(value, str)]
        if feature.categories is None:
            return Histogram(counts=(len(present_values),), missing=len(values) - len(present_values))
        counts = tuple(present_values.count(str(category)) for category in feature.categories)
        return Histogram(counts=counts, categories=feature.categories, missing=len(values) - len(present_values))
    return _ranges(values.astype(float))


def _target_histogram(target: Target, said: NDArray[Any]) -> Histogram:
    if target.classes is None:
        return _ranges(said.astype(float))
    return Histogram(counts=tuple(int((said == label).sum()) for label in target.classes), categories=target.classes)


def _ranges(values: NDArray[Any]) -> Histogram:
    """Cut at deciles, so that each range holds enough rows to tell drift from chance."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return Histogram(counts=(0,), edges=(), missing=len(values))
    low, high = finite.min(), finite.max()
    cuts = np.unique(np.quantile(finite, np.linspace(0, 1, BINS + 1)[1:-1], method="inverted_cdf"))
    edges = [float(cut) for cut in cuts if low <= cut < high]
    # A value that equals an edge belongs to the range below it, as Prometheus counts its buckets.
    counts = np.bincount(np.searchsorted(edges, finite, side="left"), minlength=len(edges) + 1)
    return Histogram(counts=tuple(counts.tolist()), edges=tuple(edges), missing=len(values) - len(finite))

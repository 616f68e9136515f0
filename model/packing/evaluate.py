"""How good a model is on rows whose answers are known, and what its training data looked like."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import inspection, metrics

from model.bundle.manifest import Evaluation, Histogram, Reference
from model.packing.data import PackError, plain_label
from model.packing.request_rows import as_request_rows
from model.proof.compare import Answers, estimator_answers
from model.runtime.estimator import Estimator
from model.schema.rows import Table
from model.schema.signature import Feature, Signature, Target

BINS = 10
MOST_POINTS = 300
MOST_ROWS_SHUFFLED = 1000
MOST_ROWS_ALONE = 300
MOST_FEATURES_SHUFFLED = 200


@dataclass(frozen=True)
class Judged:
    """Rows with their right answers, one column a target, and where they came from."""

    rows: pd.DataFrame
    truth: pd.DataFrame
    source: str


def evaluate(model: Estimator, judged: Judged) -> Evaluation | None:
    """Judge a model by rows whose answers are known; clusters and outliers have none."""
    signature = model.signature
    if signature.task not in ("classification", "regression") or judged.truth.shape[1] != len(signature.targets):
        return None
    known = judged.truth.notna().all(axis=1).to_numpy()
    if not known.any():
        raise PackError(f"no row of the data has a value in {', '.join(map(str, judged.truth.columns))}")
    places, available = np.flatnonzero(known), None
    if model.form.alone and len(places) > MOST_ROWS_ALONE:
        places, available = places[:MOST_ROWS_ALONE], len(places)
    rows, truth = judged.rows.iloc[places], judged.truth.iloc[places]
    answers = estimator_answers(model, as_request_rows(rows, signature.features))
    good = ~answers.refused
    parts = [
        _judged(target, place, answers, good, _right(target, truth.iloc[:, place]))
        for place, target in enumerate(signature.targets)
    ]
    if len(parts) > 1:
        named = zip(signature.targets, parts, strict=True)
        figures = {f"{target.name} {name}": value for target, part in named for name, value in part["metrics"].items()}
        return Evaluation(rows=int(good.sum()), available=available, source=judged.source, metrics=figures)
    importance = _importance(model, rows, _right(signature.targets[0], truth.iloc[:, 0]))
    return Evaluation(
        rows=int(good.sum()), available=available, source=judged.source, importance=importance, **parts[0]
    )


def _judged(target: Target, place: int, answers: Answers, good: NDArray[np.bool_], right: NDArray[Any]) -> Any:
    proba = [answers.proba[place][good]] if answers.proba else []
    one = Answers(answers.predict[good, place : place + 1], proba, answers.refused[good])
    return (_classified if target.classes is not None else _predicted)(target, one, right[good])


def _right(target: Target, truth: pd.Series[Any]) -> NDArray[Any]:
    """Return the right answers as the model gives its own."""
    if target.classes is None:
        if not pd.api.types.is_numeric_dtype(truth.dtype) or truth.dtype.kind == "c":
            raise PackError(f"the target {target.name!r} holds other values than numbers, which the model predicts")
        numbers: NDArray[Any] = truth.to_numpy(dtype=np.float64)
        if not np.isfinite(numbers).all():
            raise PackError(f"the target {target.name!r} holds numbers that are not finite")
        return numbers
    labels = np.array([plain_label(value) for value in truth.tolist()], dtype=object)
    _require_known_labels(target, labels)
    return labels.astype(np.asarray(target.classes).dtype)


def _require_known_labels(target: Target, right: NDArray[Any]) -> None:
    unknown = sorted({str(label) for label in set(right.tolist()) - set(target.classes or ())})
    if unknown:
        known = ", ".join(map(str, (target.classes or ())[:10]))
        raise PackError(
            f"the target {target.name!r} holds {', '.join(unknown[:5])}, but the model knows the classes {known}"
        )


def _classified(target: Target, answers: Answers, right: NDArray[Any]) -> dict[str, Any]:
    classes = list(target.classes or ())
    predicted = answers.predict[:, 0]
    confusion = metrics.confusion_matrix(right, predicted, labels=classes)
    figures = {
        "accuracy": metrics.accuracy_score(right, predicted),
        "f1_macro": metrics.f1_score(right, predicted, average="macro", labels=classes, zero_division=0.0),
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
    """Bin every class's probability and count how often it came true."""
    shown = proba.ravel() if len(classes) > 2 else proba[:, -1]
    true = (right[:, None] == np.asarray(classes, dtype=right.dtype)[None, :]).astype(float)
    came = true.ravel() if len(classes) > 2 else true[:, -1]
    place = np.clip((shown * BINS).astype(int), 0, BINS - 1)
    bins = [(shown[place == i], came[place == i]) for i in range(BINS)]
    return tuple((round(float(p.mean()), 6), round(float(c.mean()), 6), len(p)) for p, c in bins if len(p))


def _predicted(_: Target, answers: Answers, right: NDArray[Any]) -> dict[str, Any]:
    predicted = answers.predict[:, 0].astype(float)
    finite = np.isfinite(predicted)
    predicted, right = predicted[finite], right.astype(float)[finite]
    if not len(right):
        return {"metrics": {}}
    figures = {
        "r2": metrics.r2_score(right, predicted) if len(right) > 1 else float("nan"),
        "mean_absolute_error": metrics.mean_absolute_error(right, predicted),
        "root_mean_squared_error": metrics.root_mean_squared_error(right, predicted),
    }
    some = np.random.default_rng(0).permutation(len(right))[:MOST_POINTS]
    points = tuple((round(float(t), 6), round(float(p), 6)) for t, p in zip(right[some], predicted[some], strict=True))
    return {"metrics": {n: float(v) for n, v in figures.items() if np.isfinite(v)}, "scatter": points}


def _importance(model: Estimator, rows: pd.DataFrame, right: NDArray[Any]) -> dict[str, float] | None:
    """Shuffle one feature at a time, and see by how much accuracy or r2 falls."""
    features = model.signature.features
    plain = model.form.kind in ("frame", "matrix") and not model.form.alone
    if not plain or len(right) < 2 or len(features) > MOST_FEATURES_SHUFFLED:
        return None
    some = np.random.default_rng(0).permutation(len(right))[:MOST_ROWS_SHUFFLED]
    given = rows.iloc[some] if model.form.kind == "frame" else as_request_rows(rows.iloc[some], features)
    scoring = "accuracy" if model.signature.task == "classification" else "r2"
    try:
        found = inspection.permutation_importance(
            model.estimator, given, right[some], scoring=scoring, n_repeats=5, random_state=0
        )
    except Exception:  # noqa: BLE001 - a model that refuses a row of the data is served; it has no such figures
        return None
    falls = zip(model.signature.names, found.importances_mean, strict=True)
    return {name: round(float(fall), 6) for name, fall in falls if np.isfinite(fall)}


def reference(signature: Signature, rows: Table, answers: Answers) -> Reference:
    """Count what the training rows looked like, and what the model answers to them."""
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
        found = Counter(present_values)
        counts = tuple(found[str(category)] for category in feature.categories)
        return Histogram(counts=counts, categories=feature.categories, missing=len(values) - len(present_values))
    if feature.type == "date":
        gaps = int(np.isnat(values).sum())
        return Histogram(counts=(len(values) - gaps,), missing=gaps)
    return _ranges(values.astype(float))


def _target_histogram(target: Target, predicted: NDArray[Any]) -> Histogram:
    if target.classes is None:
        return _ranges(predicted.astype(float))
    return Histogram(
        counts=tuple(int((predicted == label).sum()) for label in target.classes), categories=target.classes
    )


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

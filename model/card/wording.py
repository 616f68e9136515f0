"""The sentences and tables of a model card, the same in a terminal and in HTML."""

from __future__ import annotations

from collections.abc import Sequence

from model.bundle.manifest import Evaluation, Manifest, Parity
from model.rendering.text import (
    class_names,
    format_count,
    format_number,
    format_range,
    format_value,
    join_values,
    printable,
)
from model.schema.signature import Feature, Target
from model.segments import OTHERS

_METRICS = {"r2": "R²", "roc_auc": "ROC AUC", "f1": "F1"}
FEATURE_COLUMNS = ("Feature", "Type", "Unit", "Seen in training", "Typical", "Missing")
LIBRARY_COLUMNS = ("Library", "Must be", "Built with")
UNJUDGED = "Its quality is not known: the bundle was packed without an evaluation."
RUNTIMES = {"onnx": "ONNX Runtime", "compact": "plain Python", "sklearn": "scikit-learn"}


def metric(name: str) -> str:
    """Write a metric's name as people say it."""
    return _METRICS.get(name) or printable(name).replace("_", " ")


def named(target: Target, labels: Sequence[object]) -> list[str]:
    """Return what people call some of a target's labels, wherever they stand among its classes."""
    known = dict(zip(target.classes or (), class_names(target), strict=True))
    return [known.get(label) or format_value(label) for label in labels]  # type: ignore[call-overload]


def answers(target: Target) -> str:
    """Say what a target's answers are: its classes, with their codes where they have titles, or a number."""
    if target.classes is None:
        return "whole number" if target.whole else "number"
    if not target.titles:
        return join_values(target.classes, 12)
    return join_values(
        [f"{format_value(code)} = {name}" for code, name in zip(target.classes, target.titles, strict=True)], 12
    )


def span(feature: Feature) -> str:
    """Say which values training showed of a feature."""
    if feature.categories:
        return ("only " if feature.closed else "") + join_values(feature.categories, 8)
    if feature.low is None or feature.high is None:
        return {"string": "any text", "boolean": "true, false"}.get(feature.type, "—")
    return format_range(feature.low, feature.high)


def feature_rows(manifest: Manifest) -> list[tuple[str, ...]]:
    """Return what there is to say of each feature, under FEATURE_COLUMNS."""
    return [
        (
            feature.name,
            feature.type,
            feature.unit or "",
            span(feature),
            format_value(feature.typical),
            "taken" if feature.missing else "refused",
        )
        for feature in manifest.signature.features
    ]


def library_rows(manifest: Manifest) -> list[tuple[str, ...]]:
    """Return each library's version, as demanded and as it was, under LIBRARY_COLUMNS."""
    demanded, built = manifest.requires, manifest.built_with
    return [(name, demanded.get(name, "any"), built.get(name, "—")) for name in sorted({**demanded, **built})]


def summary(manifest: Manifest) -> str:
    """Say in one sentence what the model does."""
    signature = manifest.signature
    source = f"from {format_count(len(signature.features), 'feature')}"
    if signature.task == "clustering":
        return f"Assigns each row to a cluster {source}."
    if signature.task == "outliers":
        return f"Tells outliers from ordinary rows {source}."
    if len(signature.targets) > 1:
        return f"Predicts {join_values([target.name for target in signature.targets], 5)} {source}."
    target = signature.targets[0]
    kind = join_values(class_names(target), 6) if target.classes else "a number"
    return f"Predicts {printable(target.name)} ({kind}) {source}."


def judged_rows(evaluation: Evaluation) -> str:
    """Say by how many rows a model was judged, and of how many where others were left out."""
    of = "" if evaluation.available is None else f"{format_number(evaluation.rows)} of "
    return f"{of}{format_count(evaluation.available or evaluation.rows, 'row')}"


def serving(manifest: Manifest) -> str:
    """Say what answers a request, and why."""
    if manifest.runtime == "onnx":
        return "ONNX Runtime answers, from a compiled copy of the estimator."
    if manifest.runtime == "compact":
        return "Plain Python answers, from the compact form of the estimator."
    return f"scikit-learn itself answers: {printable(manifest.reason or 'no compiled copy was made')}"


def proof(parity: Parity) -> str:
    """Say how closely the compiled copy follows scikit-learn."""
    rows = f"{format_count(parity.training_rows, 'training row')} and {format_count(parity.drawn_rows, 'hostile row')}"
    differing = parity.differing_labels
    verdict = (
        "no label differs" if not differing else f"{format_count(differing, 'label')} differ{'s' * (differing == 1)}"
    )
    error = f"the largest error is {format_number(parity.largest_error)}, {format_number(parity.tolerance)} is allowed"
    return f"Compared with scikit-learn on {rows}: {verdict}; {error}."


def log_rules(manifest: Manifest) -> str:
    """Return what the prediction log does with features, in words."""
    words = {"keep": "kept", "hash": "hashed", "drop": "dropped"}
    return ", ".join(
        f"{'any other' if name == OTHERS else name} is {words[what]}" for name, what in manifest.log.items()
    )

"""How a model card puts things: numbers, names and facts in words, the same in a terminal and on a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import floor, isfinite, log10
from unicodedata import east_asian_width

from model.bundle.manifest import Manifest, Parity
from model.schema.signature import Feature, Target

MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
TIMES = "\N{NO-BREAK SPACE}\N{MULTIPLICATION SIGN}\N{NO-BREAK SPACE}"
_METRICS = {"r2": "R²", "roc_auc": "ROC AUC", "f1": "F1"}
FEATURE_COLUMNS = ("Feature", "Type", "Unit", "Seen in training", "Typical", "Missing")
LIBRARY_COLUMNS = ("Library", "Must be", "Built with")
UNJUDGED = "Nobody has judged it: the bundle was packed without an evaluation."
RUNTIMES = {"onnx": "ONNX Runtime", "sklearn": "scikit-learn"}

# Control codes could drive a terminal, bidirectional ones could turn a page's words round, XML knows no others.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def clean(text: str) -> str:
    """Return text with whatever must not reach a page or a terminal replaced by a visible mark."""
    return _UNPRINTABLE.sub("\ufffd", text)


def short(text: str, most: int) -> str:
    """Cut text to so many columns, the last of which is then an ellipsis."""
    columns = 0
    for place, char in enumerate(text):
        columns += 2 if east_asian_width(char) in "WF" else 1
        if columns > most:
            return text[: max(place - 1, 0)].rstrip() + "…"
    return text


def number(value: float) -> str:
    """Write a number to four digits, plainly where it can be; years keep their look, large numbers get commas."""
    if value == 0 or not isfinite(value):
        return f"{value:g}"
    size = floor(log10(abs(value)))
    if not -4 <= size < 9:
        digits, power = f"{value:.2e}".split("e")
        return signed(f"{_trimmed(digits)}{TIMES}10{str(int(power)).translate(_RAISED)}")
    text = _trimmed(f"{value:,.{max(0, 3 - size)}f}")
    return signed(text if abs(value) >= 10_000 else text.replace(",", ""))


def signed(digits: str) -> str:
    """Return digits with a true minus sign."""
    return digits.replace("-", MINUS)


def between(low: float, high: float) -> str:
    """Write a range."""
    return f"{number(low)} {DASH} {number(high)}"


def alike(values: Sequence[float]) -> Callable[[float], str]:
    """Return how to write some numbers one under the other: all with the decimals that suit the largest."""
    largest = max((abs(value) for value in values), default=0.0)
    digits = max(0, 2 - floor(log10(largest))) if 1e-4 <= largest < 1e9 else None
    return number if digits is None else lambda value: signed(f"{value:,.{digits}f}")


def percent(share: float) -> str:
    """Write a share as whole per cent, without ever rounding some to none or most to all."""
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def said(value: object) -> str:
    """Write any value of a cell, a category or a class."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "true" if value else "false"
    return number(value) if isinstance(value, int | float) else clean(str(value))


def count(amount: int, noun: str) -> str:
    """Write how many there are of something."""
    return f"{number(amount)} {noun}" if amount == 1 else f"{number(amount)} {noun}s"


def listed(values: Sequence[object], most: int) -> str:
    """Write the first of some values, and how many more there are."""
    words = ", ".join(said(value) for value in values[:most])
    return f"{words} and {number(len(values) - most)} more" if len(values) > most else words


def metric(name: str) -> str:
    """Write a metric's name as people say it."""
    return _METRICS.get(name) or clean(name).replace("_", " ")


def class_names(target: Target) -> tuple[str, ...]:
    """Return what people call a target's classes, in the order of the classes."""
    return tuple(clean(title) for title in target.titles or ()) or tuple(said(label) for label in target.classes or ())


def named(target: Target, labels: Sequence[object]) -> list[str]:
    """Return what people call some of a target's labels, wherever they stand among its classes."""
    known = dict(zip(target.classes or (), class_names(target), strict=True))
    return [known.get(label) or said(label) for label in labels]  # type: ignore[call-overload]


def answers(target: Target) -> str:
    """Say what a target's answers are: its classes, with their codes where they have titles, or a number."""
    if target.classes is None:
        return "whole number" if target.whole else "number"
    if not target.titles:
        return listed(target.classes, 12)
    return listed([f"{said(code)} = {name}" for code, name in zip(target.classes, target.titles, strict=True)], 12)


def span(feature: Feature) -> str:
    """Say which values training showed of a feature."""
    if feature.categories:
        return ("only " if feature.closed else "") + listed(feature.categories, 8)
    if feature.low is None or feature.high is None:
        return {"string": "any text", "boolean": "true, false"}.get(feature.type, "—")
    return between(feature.low, feature.high)


def feature_rows(manifest: Manifest) -> list[tuple[str, ...]]:
    """Return what there is to say of each feature, under FEATURE_COLUMNS."""
    return [
        (
            feature.name,
            feature.type,
            feature.unit or "",
            span(feature),
            said(feature.typical),
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
    source = f"from {count(len(signature.features), 'feature')}"
    if signature.task == "clustering":
        return f"Assigns each row to a cluster {source}."
    if signature.task == "outliers":
        return f"Tells outliers from ordinary rows {source}."
    if len(signature.targets) > 1:
        return f"Predicts {listed([target.name for target in signature.targets], 5)} {source}."
    target = signature.targets[0]
    kind = listed(class_names(target), 6) if target.classes else "a number"
    return f"Predicts {clean(target.name)} ({kind}) {source}."


def serving(manifest: Manifest) -> str:
    """Say what answers a request, and why."""
    if manifest.runtime == "onnx":
        return "ONNX Runtime answers, from a compiled copy of the estimator."
    return f"scikit-learn itself answers: {clean(manifest.reason or 'no compiled copy was made')}"


def proof(parity: Parity) -> str:
    """Say how closely the compiled copy follows scikit-learn."""
    rows = f"{count(parity.training_rows, 'training row')} and {count(parity.drawn_rows, 'drawn row')}"
    differing = parity.differing_labels
    verdict = "no label differs" if not differing else f"{count(differing, 'label')} differ{'s' * (differing == 1)}"
    error = f"the largest error is {number(parity.largest_error)}, {number(parity.tolerance)} being allowed"
    return f"Held against scikit-learn on {rows}, {verdict}; {error}."


def _trimmed(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits

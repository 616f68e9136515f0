"""Whether the parts of a manifest agree: a digest only proves that nobody changed it without computing it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from model.bundle.manifest import Evaluation, Golden, Histogram, Manifest, Parity
from model.schema.signature import Feature, Signature, Target

MOST = 2**53
"""Counts beyond this are no counts of rows."""
_TYPICAL: dict[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int, float),
    "boolean": (bool,),
    "string": (str,),
    "date": (str,),
}


def contradiction(manifest: Manifest) -> str | None:
    """Return the first thing in a manifest that contradicts the rest of it."""
    return next(_contradictions(manifest), None)


def _contradictions(manifest: Manifest) -> Iterator[str]:
    signature = manifest.signature
    yield from _of_signature(signature)
    yield from _of_reference(manifest)
    yield from _of_golden(manifest.golden, signature)
    for name, parity in (("ONNX copy", manifest.parity), ("compact form", manifest.compact)):
        yield from _of_parity(name, parity)
    yield from _of_speed(manifest)
    if manifest.evaluation is not None:
        yield from _of_evaluation(manifest.evaluation, signature)


def _of_signature(signature: Signature) -> Iterator[str]:
    if not signature.features or not signature.targets:
        yield "the signature lacks features or targets"
    if len(set(signature.names)) < len(signature.names):
        yield "two features have the same name"
    if signature.column and len(signature.targets) > 1:
        yield "several targets are answered as one column"
    for feature in signature.features:
        yield from _of_feature(feature)
    for target in signature.targets:
        yield from _of_target(target)
    if signature.proba and any(target.classes is None for target in signature.targets):
        yield "there are probabilities of a target without classes"


def _of_feature(feature: Feature) -> Iterator[str]:
    low, high, typical = feature.low, feature.high, feature.typical
    if low is not None and high is not None and low > high:
        yield f"the lowest value of {feature.name!r} is above its highest"
    if typical is not None and type(typical) not in _TYPICAL[feature.type]:
        yield f"the typical value of {feature.name!r} is no {feature.type}"
    if feature.closed and not feature.categories:
        yield f"the feature {feature.name!r} takes no value"


def _of_target(target: Target) -> Iterator[str]:
    if target.classes is None:
        if target.titles is not None:
            yield f"the target {target.name!r} has titles of no classes"
        return
    if not target.classes or len(set(target.classes)) < len(target.classes):
        yield f"the target {target.name!r} has no classes, or the same one twice"
    if target.titles is not None and len(target.titles) != len(target.classes):
        yield f"the target {target.name!r} has {len(target.titles)} titles of {len(target.classes)} classes"


def _of_reference(manifest: Manifest) -> Iterator[str]:
    signature, reference = manifest.signature, manifest.reference
    if set(reference.features) != set(signature.names):
        yield "the reference histograms are of other features than the signature"
        return
    if len(reference.predictions) != len(signature.targets):
        yield "there is not one reference histogram for each target"
        return
    for feature in signature.features:
        known = feature.categories if feature.type == "string" else None
        ranged = feature.type not in ("string", "date")
        yield from _of_histogram(feature.name, reference.features[feature.name], known, ranged=ranged)
    for target, histogram in zip(signature.targets, reference.predictions, strict=True):
        yield from _of_histogram(target.name, histogram, target.classes, ranged=target.classes is None)


def _of_histogram(name: str, histogram: Histogram, known: Sequence[Any] | None, *, ranged: bool) -> Iterator[str]:
    what = f"the reference histogram of {name!r}"
    if (histogram.edges is not None) is not ranged:
        yield f"{what} has ranges where there are none, or none where there are some"
        return
    if histogram.categories != known:
        yield f"{what} is of other categories than the signature"
        return
    edges = histogram.edges or ()
    if len(histogram.counts) != (1 + len(edges) if known is None else len(known)):
        yield f"{what} has {len(histogram.counts)} counts, which is not one for each range or category"
    if any(low >= high for low, high in pairwise(edges)):
        yield f"{what} has edges that do not rise"
    if not _are_counts((*histogram.counts, histogram.missing)):
        yield f"{what} has a count that is none"


def _are_counts(numbers: Sequence[int]) -> bool:
    return all(0 <= number <= MOST for number in numbers) and sum(numbers) <= MOST


def _of_golden(golden: Golden, signature: Signature) -> Iterator[str]:
    if any(len(row) != len(signature.features) for row in golden.rows):
        yield "a golden row has not one value for each feature"
    if len(golden.predict) != len(golden.rows):
        yield f"there are {len(golden.predict)} answers to {len(golden.rows)} golden rows"
    single = len(signature.targets) == 1
    if not all(_fits([answer] if single else answer, signature) for answer in golden.predict):
        yield "the answer to a golden row is not of the classes or the type of its target"
    if golden.proba is not None:
        widths = [len(target.classes or ()) for target in signature.targets]
        if not signature.proba or not _are_tables(golden.proba, widths, len(golden.rows)):
            yield "the probabilities of the golden rows are not one for each class"


def _fits(answer: Any, signature: Signature) -> bool:
    """Return whether an answer has one value for each target, of its classes or a number."""
    if not isinstance(answer, list | tuple) or len(answer) != len(signature.targets):
        return False
    pairs = zip(answer, signature.targets, strict=True)
    # Without classes, an answer may also be a boolean, which counts as 0 or 1.
    known = (isinstance(value, int | float) if t.classes is None else value in t.classes for value, t in pairs)
    return all(known)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_tables(tables: Any, widths: list[int], rows: int) -> bool:
    return len(tables) == len(widths) and all(
        isinstance(table, list | tuple) and len(table) == rows and all(_is_row(row, width) for row in table)
        for table, width in zip(tables, widths, strict=True)
    )


def _is_row(row: Any, width: int) -> bool:
    return isinstance(row, list | tuple) and len(row) == width and all(map(_is_number, row))


def _of_parity(name: str, parity: Parity | None) -> Iterator[str]:
    if parity is None:
        return
    if not parity.passed:
        yield f"the proof of the {name} failed"
    if not _are_counts((parity.training_rows, parity.drawn_rows, parity.left_out, parity.differing_labels)):
        yield f"the proof of the {name} has a count that is none"


def _of_speed(manifest: Manifest) -> Iterator[str]:
    for name, speed in manifest.speed.items():
        if speed.row <= 0 or (speed.rows is not None and speed.rows <= 0):
            yield f"the measured speed of the form {name!r} is none"
    if not manifest.beside:
        return
    form = manifest.input
    if (manifest.runtime, form.kind, form.dtype) != ("onnx", "matrix", "float64"):
        yield "scikit-learn cannot answer beside another form than a copy that takes a matrix of float64"
    if not {"onnx", "sklearn"} <= manifest.speed.keys():
        yield "scikit-learn answers beside a copy, and their speeds are not known"


def _of_evaluation(evaluation: Evaluation, signature: Signature) -> Iterator[str]:
    classes = signature.targets[0].classes
    width = None if classes is None else len(classes)
    confusion, balance = evaluation.confusion, evaluation.balance
    if confusion is not None and (len(confusion) != width or any(len(row) != width for row in confusion)):
        yield "the confusion matrix is not of the classes"
    if balance is not None and len(balance) != width:
        yield "the balance of classes is not of the classes"
    bins = [rows for _, _, rows in evaluation.calibration or ()]
    tables = [(evaluation.rows,), balance or (), bins, *(confusion or ())]
    if not all(map(_are_counts, tables)):
        yield "the evaluation has a count that is none"
    if any(not 0 <= share <= 1 for mean, rate, _ in evaluation.calibration or () for share in (mean, rate)):
        yield "the calibration has a probability that is none"
    if set(evaluation.importance or ()) - set(signature.names):
        yield "the importance is of other features than the signature"

"""What a log shows: rows, accuracy where truth came, and drift from training, by version and day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from model.bundle.manifest import Manifest
from model.drift.counts import CategoryCounts, NumberCounts, feature_counts, prediction_counts
from model.drift.index import UNNAMED, Drift, compare
from model.prediction_log.layout import Facts, prediction_columns
from model.prediction_log.read import LoggedRows

FindManifest = Callable[[str, str], Manifest | None]
"""Returns the manifest of a model's version, if its bundle is at hand."""
Version = tuple[str, str]
"""A model's name and version."""


@dataclass
class Day:
    """What one version predicted on one day, and what was reported about that."""

    rows: int = 0
    judged: int = 0
    right: int = 0
    absolute_error: float = 0.0
    classes: bool = True

    @property
    def quality(self) -> float | None:
        """Return the accuracy, or the mean absolute error; None where no truth came."""
        if not self.judged:
            return None
        return (self.right if self.classes else self.absolute_error) / self.judged

    def add(self, table: pa.Table, facts: Facts) -> None:
        """Count the rows of a file."""
        columns = prediction_columns(facts.signature)
        name, target = next(iter(columns.items()))
        self.rows += table.num_rows
        self.classes = target.classes is not None
        if len(columns) > 1:
            return
        judged = table.filter(pc.is_valid(table.column("truth")))
        self.judged += judged.num_rows
        if self.classes:
            self.right += pc.sum(pc.equal(judged.column(name), judged.column("truth"))).as_py() or 0
        else:
            error = pc.abs(pc.subtract(judged.column(name), judged.column("truth")))
            self.absolute_error += pc.sum(error).as_py() or 0.0


@dataclass
class Summary:
    """What a range of a log shows."""

    place: str
    days: dict[Version, dict[str, Day]] = field(default_factory=dict)
    drifts: dict[Version, list[Drift]] = field(default_factory=dict)
    """The predictions and each feature, the largest index first."""
    without_reference: list[Version] = field(default_factory=list)
    """The versions whose bundle is not at hand, so that there is nothing to compare with."""


class _Counts:
    """The counts of one version in the ranges of its training."""

    def __init__(self, manifest: Manifest) -> None:
        self._reference, signature = manifest.reference, manifest.signature
        self._title = f"predicted {signature.targets[0].name}"
        self._features = {
            each.name: feature_counts(each, self._reference.features[each.name]) for each in signature.features
        }
        self._predicted = prediction_counts(signature.targets[0], self._reference.predictions[0])

    def add(self, table: pa.Table, facts: Facts) -> None:
        for name, counts in self._features.items():
            if name in facts.columns and name not in facts.hashed:
                counts.extend(_values(table.column(facts.columns[name]), counts))
        if len(facts.signature.targets) == 1:
            self._predicted.extend(_values(table.column("prediction"), self._predicted))

    def drifts(self) -> list[Drift]:
        found = [compare("", self._title, self._predicted, self._reference.predictions[0])]
        for name, counts in self._features.items():
            found.append(compare(name or UNNAMED, name, counts, self._reference.features[name]))
        return sorted((each for each in found if sum(each.training) > 0 and each.received), key=lambda each: -each.psi)


def _values(column: pa.ChunkedArray, counts: NumberCounts | CategoryCounts) -> Any:
    if isinstance(counts, NumberCounts):
        return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    return [str(value) if hasattr(value, "isoformat") else value for value in column.to_pylist()]


def summarise(rows: LoggedRows, find_manifest: FindManifest) -> Summary:
    """Return what the rows show, read file by file."""
    found, counts = Summary(rows.place), dict[Version, _Counts | None]()
    for part, facts, table in rows.tables(rows.truths()):
        version = part.model, part.version
        days = found.days.setdefault(version, defaultdict(Day))
        days[part.day].add(table, facts)
        if version not in counts:
            manifest = find_manifest(*version)
            counts[version] = None if manifest is None else _Counts(manifest)
        if (counted := counts[version]) is not None:
            counted.add(table, facts)
    found.drifts = {version: each.drifts() for version, each in counts.items() if each is not None}
    found.without_reference = [version for version, each in counts.items() if each is None]
    return found

"""How the log lies in its store: folders, own columns, and what a file says of its model.

predictions/model=NAME/version=VERSION/day=DAY/SEGMENT.parquet has a row for each scored row, feedback/day=DAY/ one for
each reported truth.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import pyarrow as pa

from model.schema.signature import Feature, Signature, Target
from model.schema.values import has_zone

PREDICTIONS, FEEDBACK = "predictions", "feedback"
_PARTITION = re.compile(rf"{PREDICTIONS}/model=([^/]+)/version=([^/]+)/day=([^/]+)/[^/]+")
TIME = pa.timestamp("us", tz="UTC")
OWN = {
    "request_id": pa.string(), "row": pa.int32(), "time": TIME, "route": pa.string(), "latency_seconds": pa.float64(),
    "trace_id": pa.string(),
}  # fmt: skip
TRUTHS = pa.schema(
    {"request_id": pa.string(), "row": pa.int32(), "time": TIME, "model": pa.string(), "truth": pa.string()}
)
RESERVED = {*OWN, "prediction", "probabilities", "truth", "model", "version", "day"}
KEY = b"score_app"


class Facts(msgspec.Struct):
    """What a file says of its model, in the metadata of its schema."""

    signature: Signature
    columns: dict[str, str]
    """The column of each feature that is there."""
    hashed: tuple[str, ...] = ()


class Part(NamedTuple):
    """One file of predictions."""

    model: str
    version: str
    day: str
    path: str


def part_of(path: str) -> Part | None:
    """Return what the path of a file says, or None if it is no file of predictions."""
    match = _PARTITION.fullmatch(path)
    return Part(match[1], match[2], match[3], path) if match else None


def path_of(model: str, version: str, day: str, segment: str) -> str:
    """Return where the predictions of a segment belong."""
    return f"{PREDICTIONS}/model={model}/version={version}/day={day}/{segment}.parquet"


def day_of(seconds: float) -> str:
    """Return the day of a time, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def column_names(features: tuple[Feature, ...]) -> dict[str, str]:
    """Return the column of each feature: its name, unless a column of the log has it."""
    names = {each.name for each in features}
    found: dict[str, str] = {}
    for name in names:
        column = name
        while column in RESERVED or (column != name and column in names):
            column = f"feature_{column}"
        found[name] = column
    return {each.name: found[each.name] for each in features}


def type_of(feature: Feature) -> pa.DataType:
    """Return the type of a feature's column; a whole number may have come as any number."""
    if feature.type == "string":
        return pa.string()
    if feature.type == "date":
        return pa.timestamp("us", tz="UTC" if has_zone(feature) else None)
    if feature.type == "boolean":
        return pa.bool_()
    return pa.int64() if feature.exact else pa.float64()


def prediction_type(target: Target) -> pa.DataType:
    """Return the type of a target's predictions."""
    kinds = set(map(type, target.classes or (0.0,)))
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int}:
        return pa.int64()
    return pa.float64() if kinds <= {int, float} else pa.string()


def prediction_columns(signature: Signature) -> dict[str, Target]:
    """Return the column of each target's predictions."""
    targets = signature.targets
    if len(targets) == 1:
        return {"prediction": targets[0]}
    return {f"prediction_{each.name}": each for each in targets}


def with_facts(table: pa.Table, facts: Facts) -> pa.Table:
    """Return a table that says of which model it is."""
    return table.replace_schema_metadata({KEY: msgspec.json.encode(facts)})


def facts_of(metadata: Mapping[bytes, bytes] | None) -> Facts:
    """Return what a file says of its model."""
    return msgspec.json.decode((metadata or {})[KEY], type=Facts)

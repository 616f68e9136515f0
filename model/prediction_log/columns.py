"""Records of a segment become Arrow tables: one for each model and day, and one a day of reported truths."""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa

from model.prediction_log import layout
from model.prediction_log.errors import LogError
from model.prediction_log.layout import FEEDBACK, OWN, TRUTHS, Facts
from model.schema.rows import Reader
from model.schema.signature import Feature, Signature
from model.schema.values import has_zone, is_missing, moment
from model.segments import Header, LoggedModel, Record, Scored, Truth


def tables(header: Header, records: Iterable[Record], segment: str, key: str) -> Iterator[tuple[str, pa.Table]]:
    """Yield each table of a segment with its path in the store."""
    scored: defaultdict[tuple[str, str], list[Scored]] = defaultdict(list)
    truths: defaultdict[str, list[Truth]] = defaultdict(list)
    for each in records:
        if isinstance(each, Scored):
            scored[each.model, layout.day_of(each.time)].append(each)
        else:
            truths[layout.day_of(each.time)].append(each)
    for (name, day), found in scored.items():
        model = header.models[name]
        yield layout.path_of(name, model.version, day, segment), _predictions(model, found, key)
    for day, reported in truths.items():
        yield f"{FEEDBACK}/day={day}/{segment}.parquet", _truths(reported)


def _predictions(model: LoggedModel, records: list[Scored], key: str) -> pa.Table:
    signature = model.signature
    reader, rows, own = Reader(signature), list[Sequence[Any]](), list[tuple[Any, ...]]()
    for each in records:
        table = _table(reader, each)
        rows += table
        facts = (each.route, each.seconds, each.trace)
        when = datetime.fromtimestamp(each.time, UTC)
        own += [(each.id, each.first + row, when, *facts) for row in range(len(table))]
    columns = dict(zip(OWN, map(pa.array, zip(*own, strict=True), OWN.values()), strict=True))
    features, hashed = _features(model, rows, key)
    columns |= features
    columns |= _answers(signature, records)
    there = {name: column for name, column in layout.column_names(signature.features).items() if column in columns}
    return layout.with_facts(pa.table(columns), Facts(signature, there, hashed))


def _table(reader: Reader, record: Scored) -> list[Sequence[Any]]:
    """Return the rows of a record by position, in the model's order."""
    if record.by_column:
        return list(zip(*(record.rows[name] for name in reader.names), strict=True))
    found = reader.table(record.rows, record.names)
    if len(found) != len(record.predictions):
        raise LogError(f"request {record.id} has {len(found)} rows and {len(record.predictions)} predictions")
    return found


def _features(model: LoggedModel, rows: list[Sequence[Any]], key: str) -> tuple[dict[str, pa.Array], tuple[str, ...]]:
    features = model.signature.features
    names, found, hashed = layout.column_names(features), {}, []
    for feature, values in zip(features, zip(*rows, strict=True), strict=True):
        what = model.fields.get(feature.name, "keep")
        if what == "hash":
            hashed.append(feature.name)
            found[names[feature.name]] = pa.array([_hashed(value, key) for value in values], pa.string())
        elif what == "keep":
            convert = _converter(feature)
            cells = [None if is_missing(value) else convert(value) for value in values]
            found[names[feature.name]] = pa.array(cells, layout.type_of(feature))
    return found, tuple(hashed)


def _hashed(value: Any, key: str) -> str | None:
    """Return what stands for a value: the same for the same value, and nobody can try values without the key."""
    if not key:
        raise LogError("a feature is to be hashed: set PREDICTION_LOG_HASH_KEY to a secret text")
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return None if is_missing(value) else hmac.new(key.encode(), text.encode(), "sha256").hexdigest()[:32]


def _converter(feature: Feature) -> Callable[[Any], Any]:
    if feature.type == "date":
        return _zoned if has_zone(feature) else moment
    if feature.type == "string":
        return str
    if feature.type == "boolean":
        return bool
    return int if feature.exact else float


def _zoned(text: str) -> datetime | None:
    found = moment(text)
    return None if found is None else found.astimezone(UTC)


def _answers(signature: Signature, records: list[Scored]) -> dict[str, pa.Array]:
    predictions = [value for each in records for value in each.predictions]
    columns = layout.prediction_columns(signature)
    values = [predictions] if len(columns) == 1 else list(zip(*predictions, strict=True))
    found = {}
    for (name, target), cells in zip(columns.items(), values, strict=True):
        kind = layout.prediction_type(target)
        found[name] = pa.array([_as(kind, value) for value in cells], kind)
    if signature.proba:
        shares = [share for each in records for share in each.probabilities or [None] * len(each.predictions)]
        row = pa.list_(pa.float64()) if len(columns) == 1 else pa.list_(pa.list_(pa.float64()))
        found["probabilities"] = pa.array(shares, row)
    return found


def _as(kind: pa.DataType, value: Any) -> Any:
    value = value[0] if isinstance(value, list) else value
    if kind == pa.string():
        return str(value)
    return float(value) if kind == pa.float64() else int(value) if kind == pa.int64() else bool(value)


def _truths(records: list[Truth]) -> pa.Table:
    rows = [
        (each.id, row, datetime.fromtimestamp(each.time, UTC), each.model, msgspec.json.encode(truth).decode())
        for each in records
        for row, truth in enumerate(each.truths)
    ]
    return pa.table(dict(zip(TRUTHS.names, map(pa.array, zip(*rows, strict=True), TRUTHS.types), strict=True)))

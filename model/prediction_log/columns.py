"""Records of a segment become Arrow tables: one for each model and day, and one a day of reported truths."""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import msgspec
import pyarrow as pa

from model.prediction_log import layout
from model.prediction_log.errors import LogError
from model.prediction_log.layout import FEEDBACK, OWN, TRUTHS, Facts
from model.schema.rows import Reader
from model.schema.signature import Feature, Signature
from model.schema.values import LARGEST_EXACT, has_zone, is_missing, moment
from model.segments import Header, LoggedModel, Record, Scored, Truth

R = TypeVar("R", bound=Record)
_FAULTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a record raises that fits in no table; a LogError is of the settings, and stops the shipper."""


def tables(
    header: Header, records: Iterable[Record], segment: str, key: str
) -> tuple[list[tuple[str, pa.Table]], list[str]]:
    """Return each table of a segment with its path in the store, and what is wrong with records that are in none."""
    scored: defaultdict[tuple[str, str], list[Scored]] = defaultdict(list)
    truths: defaultdict[str, list[Truth]] = defaultdict(list)
    for each in records:
        if isinstance(each, Scored):
            if each.predictions:
                scored[each.model, layout.day_of(each.time)].append(each)
        elif each.truths:
            truths[layout.day_of(each.time)].append(each)
    made, faults = list[tuple[str, pa.Table]](), list[str]()
    for (name, day), found in scored.items():
        if model := header.models.get(name):
            path = layout.path_of(name, model.version, day, segment)
            made += ((path, each) for each in _whole(partial(_predictions, model, key), found, faults))
        else:
            faults += [f"{len(found)} requests are of {name}, which the segment does not describe"]
    for day, reported in truths.items():
        path = f"{FEEDBACK}/day={day}/{segment}.parquet"
        made += ((path, each) for each in _whole(_truths, reported, faults))
    return made, faults


def _whole(make: Callable[[list[R]], pa.Table], records: list[R], faults: list[str]) -> list[pa.Table]:
    """Return one table of all records that fit in one, if any does, and add what is wrong with the others."""
    try:
        return [make(records)]
    except _FAULTS:
        good = list(_fitting(make, records, faults))
    return [make(good)] if good else []


def _fitting(make: Callable[[list[R]], pa.Table], records: list[R], faults: list[str]) -> Iterator[R]:
    """Give the records that fit in a table; half by half, since most do."""
    try:
        make(records)
    except _FAULTS as error:
        if len(records) == 1:
            faults.append(f"request {records[0].id}: {error}")
            return
        middle = len(records) // 2
        yield from _fitting(make, records[:middle], faults)
        yield from _fitting(make, records[middle:], faults)
    else:
        yield from records


def _predictions(model: LoggedModel, key: str, records: list[Scored]) -> pa.Table:
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
        found: list[Sequence[Any]] = list(zip(*(record.rows[name] for name in reader.names), strict=True))
    else:
        found = reader.table(record.rows, record.names)
    if len(found) != len(record.predictions):
        raise ValueError(f"{len(found)} rows and {len(record.predictions)} predictions")
    return found


def _features(model: LoggedModel, rows: list[Sequence[Any]], key: str) -> tuple[dict[str, pa.Array], tuple[str, ...]]:
    features = model.signature.features
    names, found, hashed = layout.column_names(features), {}, []
    for feature, values in zip(features, zip(*rows, strict=True), strict=True):
        what, convert = model.fields.get(feature.name, "keep"), _converter(feature)
        if what == "hash":
            hashed.append(feature.name)
            hashes = [None if is_missing(value) else _hashed(_text(convert(value)), key) for value in values]
            found[names[feature.name]] = pa.array(hashes, pa.string())
        elif what == "keep":
            cells = [None if is_missing(value) else convert(value) for value in values]
            found[names[feature.name]] = pa.array(cells, layout.type_of(feature))
    return found, tuple(hashed)


def _hashed(text: str, key: str) -> str:
    """Return what stands for a value: the same for the same value, and nobody can try values without the key."""
    if not key:
        raise LogError("a feature is to be hashed: set PREDICTION_LOG_HASH_KEY to a secret text")
    return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()[:32]


def _text(value: Any) -> str:
    """Return the one text of a value of a feature: 5 and 5.0 are the same number."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_EXACT:
        value = int(value)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


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

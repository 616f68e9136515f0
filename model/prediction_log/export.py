"""Write a log's rows as one CSV or Parquet file: all of them, or those with a truth for training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from model.prediction_log.errors import LogError
from model.prediction_log.layout import Facts, Part
from model.prediction_log.read import LoggedRows
from model.schema.signature import Feature


def write_rows(rows: LoggedRows, path: Path) -> int:
    """Write every row with all that is known of it, and return how many there are."""
    rows.one_model()
    return _write(_together(_with_partition(part, table) for part, _, table in rows.tables(rows.truths())), path)


def write_training(rows: LoggedRows, path: Path) -> int:
    """Write the rows whose truth is known, as `model add --data` takes them, and return how many there are."""
    rows.one_model()
    for version in {each.version: each for each in rows.parts}.values():
        _require_features(rows.facts(version))
    table = _together(_training(facts, table) for _, facts, table in rows.tables(rows.truths()))
    if not table.num_rows:
        raise LogError(f"{rows.place} has no reported truth for these rows: send it to /feedback")
    return _write(_whole_numbers(table, rows.facts(rows.parts[-1]).signature.features), path)


def _require_features(facts: Facts) -> None:
    lost = [each for each in facts.signature.names if each not in facts.columns or each in facts.hashed]
    if lost:
        raise LogError(f"{lost[0]} was dropped or hashed before it was logged, so these rows cannot train a model")
    if len(facts.signature.targets) > 1:
        raise LogError("the model has several targets, and a truth is reported for one")


def _training(facts: Facts, table: pa.Table) -> pa.Table:
    known = table.filter(pc.is_valid(table.column("truth")))
    columns = {name: known.column(facts.columns[name]) for name in facts.signature.names}
    return pa.table(columns | {facts.signature.targets[0].name: known.column("truth")})


def _whole_numbers(table: pa.Table, features: tuple[Feature, ...]) -> pa.Table:
    """Return the columns of whole numbers as such, where no value says otherwise."""
    for place, feature in enumerate(features):
        column = table.column(place)
        if feature.type == "integer" and not column.null_count and pc.all(pc.equal(pc.floor(column), column)).as_py():
            table = table.set_column(place, feature.name, column.cast(pa.int64()))
    return table


def _with_partition(part: Part, table: pa.Table) -> pa.Table:
    for name in ("model", "version", "day"):
        table = table.append_column(name, pa.array([getattr(part, name)] * table.num_rows, pa.string()))
    return table


def _together(tables: Iterator[pa.Table]) -> pa.Table:
    try:
        return pa.concat_tables((each.replace_schema_metadata() for each in tables), promote_options="default")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        raise LogError(
            "the versions of the model differ in the types of their columns: choose one with --version"
        ) from None


def _write(table: pa.Table, path: Path) -> int:
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            pq.write_table(table, path, compression="zstd")
        else:
            pa.csv.write_csv(_flat(table), path)
    except OSError as error:
        raise LogError(f"{path} cannot be written: {error.strerror or error}") from None
    return int(table.num_rows)


def _flat(table: pa.Table) -> pa.Table:
    """Return a table whose lists are JSON texts, since a cell of a CSV file holds one value."""
    for place, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            texts: list[Any] = [
                None if each is None else msgspec.json.encode(each).decode() for each in table.column(place).to_pylist()
            ]
            table = table.set_column(place, field.name, pa.array(texts, pa.string()))
    return table

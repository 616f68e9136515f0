"""Files of answers, and of the rows that have none."""

from __future__ import annotations

import csv as plain_csv
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from model.schema.signature import Problem
from model.user_error import UserError

BAD_ROWS = ".bad_rows.csv"
_HEADER = ("file", "row", "feature", "code", "reason")


class Sink:
    """Two files that grow: rows with their answers, and bad rows with what is wrong."""

    def __init__(self, folder: Path, form: str, schema: pa.Schema, name: str) -> None:
        if form == "csv":
            _require_flat(schema, name)
        self.rows_file, self.bad_file = folder / "rows", folder / "bad_rows"
        self.rows = self.scored = self.bad = 0
        self.schema, self._form = schema, form
        self._stack = ExitStack()
        self._writer: Any = None
        self._bad: Any = None

    def __enter__(self) -> Self:
        if self._form == "csv":
            self._writer = self._stack.enter_context(csv.CSVWriter(str(self.rows_file), self.schema))
        else:
            self._writer = self._stack.enter_context(pq.ParquetWriter(self.rows_file, self.schema))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, _)

    def write(self, table: pa.Table) -> None:
        """Add rows."""
        self.scored += table.num_rows
        if table.num_rows:
            self._writer.write_table(table)

    def write_bad(self, name: str, problems: Iterable[Problem]) -> None:
        """Add what is wrong with rows of a file."""
        if self._bad is None:
            stream = self._stack.enter_context(self.bad_file.open("w", encoding="utf-8", newline=""))
            self._bad = plain_csv.writer(stream, lineterminator="\n")
            self._bad.writerow(_HEADER)
        self._bad.writerows((name, each.row, each.feature, each.code, each.message) for each in problems)

    def count(self, rows: int, bad: int) -> None:
        """Count rows that were read, and those of them that are bad."""
        self.rows += rows
        self.bad += bad


def _require_flat(schema: pa.Schema, name: str) -> None:
    for field in schema:
        if pa.types.is_nested(field.type) or pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
            raise UserError(f"{name}: the column {field.name} is {field.type}, which CSV cannot hold: write Parquet")

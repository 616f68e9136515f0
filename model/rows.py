"""JSON rows become what a model takes: by position or by name, one or many, every fault told at once.

A caller's row arrives as parsed JSON: `[5.1, 3.5]`, `{"a": 5.1, "b": 3.5}`, or a list of either. A model
whose features are all numbers takes one matrix; any other takes one column a feature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from math import isfinite
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.cells import ALLOWED, NUMBERS, problem, said
from model.signature import Feature, Problem, Signature, SignatureError

Matrix = NDArray[Any]
Columns = dict[str, NDArray[Any]]
Table = Matrix | Columns

# A batch that is wrong throughout must not cost memory without bound to be told so.
MOST_LOOKED_FOR = 1000
_ALLOWED = {
    "number": NUMBERS,
    "integer": NUMBERS,
    "boolean": frozenset({bool}) | NUMBERS,
    "string": frozenset({str}),
}
_KINDS = {"number": "a number", "integer": "a number", "boolean": "true or false", "string": "a string"}
_SAID = {bool: "a boolean", str: "a string", list: "a list", dict: "an object", type(None): "null"}


class Reader:
    """Turn rows into columns of checked values; the parent of both shapes a model can take."""

    def __init__(self, signature: Signature, dtype: str = "float64", missing_text: object = np.nan) -> None:
        self.signature = signature
        self.dtype = np.dtype(dtype)
        self.width = len(signature.features)
        self.names = signature.names
        # What fits float64 may still be infinite as float32, which scikit-learn refuses.
        self.limit = float(np.finfo(self.dtype).max)
        self._missing_text = missing_text
        self._known = frozenset(self.names)
        pick = itemgetter(*self.names)
        self._pick = pick if self.width > 1 else lambda record: (pick(record),)

    def table(self, rows: object, names: Sequence[str] | None = None) -> list[Sequence[Any]]:
        """Return rows by position in the model's order, whichever way they came."""
        if isinstance(rows, dict):
            rows = [rows]
        if not isinstance(rows, list):
            raise SignatureError([Problem("shape", f"expected a list of rows, got {said(rows)}")])
        if rows and not isinstance(rows[0], list | dict):
            rows = [[cell] for cell in rows] if self.width == 1 and names is None else [rows]
        if names is not None:
            rows = _named(rows, names)
        table: list[Any] = rows
        try:
            if all(type(row) is list and len(row) == self.width for row in rows):
                return table
            if all(type(row) is dict and len(row) == self.width for row in rows):
                return list(map(self._pick, rows))
        except KeyError:
            pass
        return self._table_or_error(rows)

    def _table_or_error(self, rows: list[Any]) -> list[Sequence[Any]]:
        problems: list[Problem] = []
        table: list[Sequence[Any]] = []
        for number, row in enumerate(rows):
            if isinstance(row, dict):
                missing = [name for name in self.names if name not in row]
                unknown = [str(name)[:80] for name in row if name not in self._known]
                problems += [Problem("missing", "is missing", number, name) for name in missing]
                problems += [Problem("unknown", "is not a feature of this model", number, name) for name in unknown]
                table.append([row.get(name) for name in self.names])
            elif not isinstance(row, list):
                problems.append(Problem("shape", f"expected a list or an object, got {said(row)}", number))
            elif len(row) != self.width:
                problems.append(Problem("width", f"expected {self.width} values, got {len(row)}", number))
            else:
                table.append(row)
            if len(problems) > MOST_LOOKED_FOR:
                break
        if problems:
            # The rows that have their names and width right are looked at too: every fault in one answer.
            whole = [(n, row) for n, row in enumerate(rows) if isinstance(row, dict) or _is_row(row, self.width)]
            problems += self._cell_problems(whole)
            raise SignatureError(sorted(problems, key=lambda fault: fault.row or 0))
        return table

    def _cell_problems(self, rows: list[tuple[int, Any]]) -> list[Problem]:
        found = []
        for number, row in rows:
            for position, feature in enumerate(self.signature.features):
                if isinstance(row, dict) and feature.name not in row:
                    continue
                value = row[feature.name] if isinstance(row, dict) else row[position]
                if fault := problem(feature, value, number, self.limit):
                    found.append(fault)
            if len(found) > MOST_LOOKED_FOR:
                break
        return found

    def columns(self, table: list[Sequence[Any]]) -> list[NDArray[Any]]:
        """Return one array a feature, or say everything that is wrong."""
        columns = zip(*table, strict=True) if table else ((),) * self.width
        arrays = [self._column(*pair) for pair in zip(self.signature.features, columns, strict=True)]
        if any(array is None for array in arrays):
            raise SignatureError(self._cell_problems(list(enumerate(table))))
        return arrays  # type: ignore[return-value]

    def _column(self, feature: Feature, values: Sequence[Any]) -> NDArray[Any] | None:
        kinds = set(map(type, values))
        nulls = type(None) in kinds
        kinds.discard(type(None))
        if (nulls and not feature.missing) or not ALLOWED[feature.type].issuperset(kinds):
            return None
        if feature.closed and not set(feature.categories or ()).issuperset(v for v in values if v is not None):
            return None
        if feature.type == "string":
            filled = [self._missing_text if value is None else value for value in values] if nulls else values
            array = np.empty(len(values), dtype=object)
            array[:] = filled
            return array
        return self._numbers(values, missing=feature.missing)

    def _numbers(self, values: Sequence[Any], *, missing: bool) -> NDArray[Any] | None:
        try:
            with np.errstate(over="ignore"):
                array = np.array(values, dtype=np.float64).astype(self.dtype)
        except OverflowError:
            return None
        good = np.isfinite(array)
        if missing:
            good |= np.isnan(array)
        return array if good.all() else None


class MatrixReader(Reader):
    """Read rows for a model whose features are all numbers."""

    def __init__(self, signature: Signature, dtype: str = "float64") -> None:
        super().__init__(signature, dtype)
        self._plain = all(f.type != "boolean" and not f.closed for f in signature.features)
        self._null = all(feature.missing for feature in signature.features)
        self._cells = NUMBERS | {type(None)} if self._null else NUMBERS
        self._narrow = self.dtype.itemsize < 8

    def __call__(self, rows: object, names: Sequence[str] | None = None) -> Matrix:
        """Return the matrix of these rows, or raise a SignatureError that names every fault."""
        if type(rows) is list and names is None and rows and (len(rows) == self.width or self.width == 1):
            clean = self._clean(rows)
            if clean is not None:
                return clean
        elif isinstance(rows, np.ndarray):
            return self._array(rows)
        table = self.table(rows, names)
        many = self._many(table)
        return np.column_stack(self.columns(table)) if many is None else many

    def _clean(self, cells: list[Any]) -> Matrix | None:
        """Return one row of good numbers, or several rows of one, the short way; anything else takes the long one."""
        if not (self._plain and NUMBERS.issuperset(map(type, cells))):
            return None
        try:
            # A sum is finite only if each of its terms is.
            if not isfinite(sum(cells)) or (self._narrow and (max(cells) > self.limit or min(cells) < -self.limit)):
                return None
            return np.array((cells,), self.dtype) if self.width > 1 else np.array(cells, self.dtype).reshape(-1, 1)
        except OverflowError:
            return None

    def _many(self, table: list[Sequence[Any]]) -> Matrix | None:
        if not (self._plain and table and self._cells.issuperset(map(type, chain.from_iterable(table)))):
            return None
        try:
            with np.errstate(over="ignore"):
                matrix = np.array(table, dtype=self.dtype)
        except OverflowError:
            return None
        finite = np.isfinite(matrix)
        if self._null:
            finite |= np.isnan(matrix)
        return matrix if finite.all() else None

    def _array(self, array: Matrix) -> Matrix:
        """Check a tensor that came without JSON."""
        if array.ndim == 1:
            array = array.reshape(-1, 1) if self.width == 1 else array.reshape(1, -1)
        if array.ndim != 2 or array.dtype.kind not in "fiub":
            raise SignatureError([Problem("shape", "expected a table of numbers")])
        if array.shape[1] != self.width:
            raise SignatureError([Problem("width", f"expected {self.width} values, got {array.shape[1]}", 0)])
        if array.dtype.kind == "b" or not self._plain:
            return self(array.tolist()) if len(array) else array.astype(self.dtype)
        with np.errstate(over="ignore"):
            matrix = np.ascontiguousarray(array, dtype=self.dtype)
        if np.isfinite(matrix).all():
            return matrix
        return self(array.tolist())


class ColumnReader(Reader):
    """Read rows for a model that takes strings too: one column a feature, each of shape [n, 1]."""

    def __call__(self, rows: object, names: Sequence[str] | None = None) -> Columns:
        """Return the columns of these rows, or raise a SignatureError that names every fault."""
        if isinstance(rows, Mapping) and rows and all(isinstance(column, np.ndarray) for column in rows.values()):
            return self(list(map(list, zip(*(column.tolist() for column in rows.values()), strict=True))), list(rows))
        row = self._pick(rows) if type(rows) is dict and rows.keys() == self._known else rows
        if isinstance(row, list | tuple) and names is None and len(row) == self.width > 1:
            clean = self._clean(row)
            if clean is not None:
                return clean
        columns = self.columns(self.table(rows, names))
        return {name: column.reshape(-1, 1) for name, column in zip(self.names, columns, strict=True)}

    def _clean(self, row: Sequence[Any]) -> Columns | None:
        """Return one row of good values the short way; anything else takes the long one."""
        columns = {}
        for feature, value in zip(self.signature.features, row, strict=True):
            string = feature.type == "string"
            if value is None and feature.missing:
                cell = self._missing_text if string else np.nan
            elif problem(feature, value, 0, self.limit):
                return None
            else:
                cell = value
            columns[feature.name] = np.array([[cell]], dtype=object if string else self.dtype)
        return columns


def _named(rows: list[Any], names: Sequence[str]) -> list[Any]:
    """Give positional rows the names that came beside them, as a data frame's JSON has them."""
    if len(set(names)) != len(names):
        raise SignatureError([Problem("shape", "a column name stands there twice")])
    wrong = [n for n, row in enumerate(rows) if not _is_row(row, len(names))]
    if wrong:
        raise SignatureError([Problem("width", f"expected {len(names)} values, one a column", n) for n in wrong])
    return [dict(zip(names, row, strict=True)) for row in rows]


def _is_row(row: object, width: int) -> bool:
    return isinstance(row, list) and len(row) == width

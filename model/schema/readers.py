"""The two shapes that models take their rows in: one matrix of numbers, or one column a feature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from math import hypot, inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.schema.input_form import Input
from model.schema.rows import Columns, Matrix, NamedColumns, Reader
from model.schema.signature import MISSING_TEXT, Problem, Signature, SignatureError
from model.schema.values import LARGEST_EXACT, NUMBERS, is_exact, problem

STEP = 10_000


class MatrixReader(Reader):
    """Read rows for a model whose features are all numbers."""

    def __init__(self, signature: Signature, dtype: str = "float64", limit: float = inf) -> None:
        super().__init__(signature, dtype, limit=limit)
        self._plain = all(f.type != "boolean" and not f.closed for f in signature.features)
        self._null = all(feature.missing for feature in signature.features)
        self._cells = NUMBERS | {type(None)} if self._null else NUMBERS
        # Whatever is not larger is finite, within the limit, and the same number as a float.
        self._good = min(self.limit, LARGEST_EXACT - 1)
        self._narrow = self.limit < float(np.finfo(np.float64).max)

    def __call__(self, rows: object, names: Sequence[str] | None = None) -> Matrix:
        """Return the matrix of these rows, or raise a SignatureError that names every fault."""
        if type(rows) is list and names is None and rows and (len(rows) == self.width or self.width == 1):
            clean = self._clean(rows)
            if clean is not None:
                return clean
        elif isinstance(rows, np.ndarray):
            return self._array(rows) if names is None else self._named_array(rows, names)
        named = self._as_named_columns(rows, names)
        if named is not None:
            return np.column_stack(self.named_columns(named))
        table = self.table(rows, names)
        many = self._many(table)
        return np.column_stack(self.columns(table)) if many is None else many

    def _clean(self, cells: list[Any]) -> Matrix | None:
        """Return one row of good numbers, or several rows of one, the short way; anything else takes the long one."""
        if not (self._plain and NUMBERS.issuperset(map(type, cells))):
            return None
        try:
            if not hypot(*cells) <= self._good:
                return None
            return np.array((cells,), self.dtype) if self.width > 1 else np.array(cells, self.dtype).reshape(-1, 1)
        except OverflowError:
            return None

    def _many(self, table: list[Sequence[Any]]) -> Matrix | None:
        """Return the matrix of good numbers; step by step, since no other thread runs while one call converts."""
        if len(table) <= STEP:
            return self._some(table)
        parts = []
        for start in range(0, len(table), STEP):
            part = self._some(table[start : start + STEP])
            if part is None:
                return None
            parts.append(part)
        return np.concatenate(parts)

    def _some(self, table: list[Sequence[Any]]) -> Matrix | None:
        if not (self._plain and table and self._cells.issuperset(map(type, chain.from_iterable(table)))):
            return None
        try:
            with np.errstate(over="ignore"):
                matrix = np.array(table, dtype=self.dtype)
        except OverflowError:
            return None
        good = self._within(matrix)
        if self._null:
            good |= np.isnan(matrix)
        if not good.all():
            return None
        large = (np.abs(matrix) >= LARGEST_EXACT).any()
        return matrix if not large or all(map(is_exact, chain.from_iterable(table))) else None

    def _all_within(self, matrix: Matrix) -> bool:
        """Tell whether all numbers are finite, and not beyond the limit, without an array of answers."""
        return not matrix.size or bool(matrix.min() >= -self.limit and matrix.max() <= self.limit)

    def _within(self, matrix: Matrix) -> NDArray[np.bool_]:
        """Tell which numbers are finite, and not beyond the limit."""
        return np.abs(matrix) <= self.limit if self._narrow else np.isfinite(matrix)

    def _named_array(self, array: Matrix, names: Sequence[str]) -> Matrix:
        """Check a matrix whose columns have names, and put them into the model's order."""
        if len(names) != self.width or self._known != set(names) or array.ndim != 2 or array.shape[1] != self.width:
            return self(array.tolist(), names)
        return self._array(array if tuple(names) == self.names else array[:, [names.index(n) for n in self.names]])

    def _array(self, array: Matrix) -> Matrix:
        """Check a matrix of numbers, or one row or column of them."""
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
        whole = array.dtype.kind in "iu" and array.dtype.itemsize == 8
        good = self._all_within(matrix) or (self._null and (self._within(matrix) | np.isnan(matrix)).all())
        if good and not (whole and (np.abs(matrix) >= LARGEST_EXACT).any()):
            return matrix
        return self(array.tolist())


class ColumnReader(Reader):
    """Read rows for a model that takes strings too: one column a feature, each of shape [n, 1]."""

    def __init__(
        self, signature: Signature, dtype: str = "float64", missing_text: object = np.nan, limit: float = inf
    ) -> None:
        super().__init__(signature, dtype, missing_text, limit)
        self._special = any(feature.type == "date" or feature.exact for feature in signature.features)

    def __call__(self, rows: object, names: Sequence[str] | None = None) -> Columns:
        """Return the columns of these rows, or raise a SignatureError that names every fault."""
        if isinstance(rows, Mapping) and rows and all(isinstance(column, np.ndarray) for column in rows.values()):
            rows = NamedColumns({name: column.tolist() for name, column in rows.items()})
        row = self._pick(rows) if type(rows) is dict and rows.keys() == self._known else rows
        if isinstance(row, list | tuple) and names is None and len(row) == self.width > 1:
            clean = self._clean(row)
            if clean is not None:
                return clean
        named = self._as_named_columns(rows, names)
        columns = self.columns(self.table(rows, names)) if named is None else self.named_columns(named)
        return {name: column.reshape(-1, 1) for name, column in zip(self.names, columns, strict=True)}

    def _clean(self, row: Sequence[Any]) -> Columns | None:
        """Return one row of good values the short way; anything else takes the long one."""
        if self._special:
            return None
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


def reader(signature: Signature, form: Input) -> MatrixReader | ColumnReader:
    """Return what turns a caller's rows into this model's input."""
    if form.kind == "matrix" or (form.kind == "frame" and signature.numeric):
        return MatrixReader(signature, form.dtype, form.limit)
    return ColumnReader(signature, form.dtype, MISSING_TEXT if form.kind == "columns" else np.nan, form.limit)

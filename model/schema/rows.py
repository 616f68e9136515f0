"""JSON rows become what a model takes: by position or by name, one or many, with every fault named at once.

A caller's row arrives as parsed JSON: `[5.1, 3.5]`, `{"a": 5.1, "b": 3.5}`, or a list of either; rows may also come as
one list of values a feature. A model whose features are all numbers takes one matrix; any other takes one column a
feature.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from math import inf
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.schema.arrays import integers, moments
from model.schema.signature import MISSING_TEXT, Feature, Problem, Signature, SignatureError
from model.schema.values import ALLOWED, FLAGS, LARGEST_EXACT, is_exact, kind_of, problem

Matrix = NDArray[Any]
Columns = dict[str, NDArray[Any]]
Table = Matrix | Columns

_ROWS = (list, dict)
# A batch that is wrong throughout must not cost memory without bound for its error message.
MOST_LOOKED_FOR = 1000


class NamedColumns:
    """Rows that came as one list of values under each name, all of the same length."""

    def __init__(self, values: Mapping[str, Sequence[Any]]) -> None:
        self.values = values

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.values.values()), ()))


class Reader:
    """Turn rows into columns of checked values; the parent of both shapes a model can take."""

    def __init__(
        self, signature: Signature, dtype: str = "float64", missing_text: object = np.nan, limit: float = inf
    ) -> None:
        self.signature = signature
        self.dtype = np.dtype(dtype)
        self.width = len(signature.features)
        self.names = signature.names
        # What fits float64 may still be infinite as float32, which scikit-learn refuses.
        self.limit = min(limit, float(np.finfo(self._narrowest(signature)).max))
        self._missing_text = missing_text
        self._known = frozenset(self.names)
        pick = itemgetter(*self.names)
        self._pick = pick if self.width > 1 else lambda record: (pick(record),)

    def _narrowest(self, signature: Signature) -> np.dtype[Any]:
        """Return the narrowest type of numbers on their way to the estimator: the reader's, or a column of float32."""
        single = any((feature.dtype or "").lower() == "float32" for feature in signature.features)
        return np.dtype(np.float32) if single else self.dtype

    def table(self, rows: object, names: Sequence[str] | None = None) -> list[Sequence[Any]]:
        """Return rows by position in the model's order, whichever way they came."""
        if isinstance(rows, dict):
            rows = [rows]
        if not isinstance(rows, list):
            raise SignatureError([Problem("shape", f"expected a list of rows, got {kind_of(rows)}")])
        if rows and not isinstance(rows[0], list | dict):
            rows = [[cell] for cell in rows] if self.width == 1 and names is None else [rows]
        if names is not None:
            _check_names(rows, names)
            if self._known == set(names):
                return self._in_order(rows, names)
            return self._table_or_error(self._some_records(rows, names))
        table: list[Any] = rows
        try:
            if all(type(row) is list and len(row) == self.width for row in rows):
                return table
            if all(type(row) is dict and len(row) == self.width for row in rows):
                return list(map(self._pick, rows))
        except KeyError:
            pass
        return self._table_or_error(rows)

    def single(self, rows: object) -> Sequence[Any] | None:
        """Return the values by position if these rows are one, and look like it; nothing is checked yet."""
        if type(rows) is list and len(rows) == 1 and type(rows[0]) in _ROWS:
            rows = rows[0]
        if type(rows) is list:
            return rows if len(rows) == self.width else None
        if type(rows) is dict and rows.keys() == self._known:
            values: Sequence[Any] = self._pick(rows)
            return values
        return None

    def _in_order(self, rows: list[Any], names: Sequence[str]) -> list[Sequence[Any]]:
        """Return rows whose columns are the model's, put into its order."""
        if tuple(names) == self.names:
            return rows
        places = [names.index(name) for name in self.names]
        return list(map(itemgetter(*places), rows))

    def _some_records(self, rows: Iterable[Sequence[Any]], names: Sequence[str]) -> list[dict[str, Any]]:
        """Return rows under names that are not the model's, no more than are looked at: all have the same fault."""
        records = [dict(zip(names, row, strict=True)) for row in islice(rows, MOST_LOOKED_FOR + 1)]
        if not records:
            # No row says that these names are wrong, and an empty answer would say that they are right.
            self._refuse_names(names)
        return records

    def _refuse_names(self, names: Sequence[str]) -> None:
        problems = [Problem("missing", "is missing", None, name) for name in self.names if name not in names]
        unknown = islice((name[:80] for name in names if name not in self._known), MOST_LOOKED_FOR)
        problems += [Problem("unknown", "is not a feature of this model", None, name) for name in unknown]
        raise SignatureError(problems)

    def _table_or_error(self, rows: list[Any]) -> list[Sequence[Any]]:
        problems: list[Problem] = []
        table: list[Sequence[Any]] = []
        for number, row in enumerate(rows):
            if isinstance(row, dict):
                missing = [name for name in self.names if name not in row]
                foreign = (str(name)[:80] for name in row if name not in self._known)
                unknown = islice(foreign, MOST_LOOKED_FOR)
                problems += [Problem("missing", "is missing", number, name) for name in missing]
                problems += [Problem("unknown", "is not a feature of this model", number, name) for name in unknown]
                table.append([row.get(name) for name in self.names])
            elif not isinstance(row, list):
                problems.append(Problem("shape", f"expected a list or an object, got {kind_of(row)}", number))
            elif len(row) != self.width:
                problems.append(Problem("width", f"expected {self.width} values, got {len(row)}", number))
            else:
                table.append(row)
            if len(problems) > MOST_LOOKED_FOR:
                break
        if problems:
            # The rows that have their names and width right are looked at too: every fault in one answer.
            whole = ((n, row) for n, row in enumerate(rows) if isinstance(row, dict) or _is_row(row, self.width))
            problems += self._cell_problems(whole)
            raise SignatureError(sorted(problems, key=lambda fault: fault.row or 0))
        return table

    def _cell_problems(self, rows: Iterable[tuple[int, Any]]) -> list[Problem]:
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
        return self._checked(zip(*table, strict=True) if table else ((),) * self.width, table)

    def named_columns(self, given: NamedColumns) -> list[NDArray[Any]]:
        """Return one array a feature from columns by name; no row is made for it, since each would take memory."""
        values = given.values
        if values.keys() != self._known:
            self._table_or_error(self._some_records(zip(*values.values(), strict=True), list(values)))
        columns = [values[name] for name in self.names]
        return self._checked(columns, zip(*columns, strict=True))

    def _as_named_columns(self, rows: object, names: Sequence[str] | None) -> NamedColumns | None:
        """Return rows that came as columns, or as the bare values of a model's one feature; None for anything else."""
        if isinstance(rows, NamedColumns):
            return rows
        if self.width == 1 and names is None and type(rows) is list and rows and not isinstance(rows[0], _ROWS):
            return NamedColumns({self.names[0]: rows})
        return None

    def _checked(self, columns: Iterable[Sequence[Any]], table: Iterable[Sequence[Any]]) -> list[NDArray[Any]]:
        arrays = [self._column(*pair) for pair in zip(self.signature.features, columns, strict=True)]
        if any(array is None for array in arrays):
            raise SignatureError(self._cell_problems(enumerate(table)))
        return arrays  # type: ignore[return-value]

    def _column(self, feature: Feature, values: Sequence[Any]) -> NDArray[Any] | None:
        kinds = set(map(type, values))
        nulls = type(None) in kinds
        kinds.discard(type(None))
        if (nulls and not feature.missing) or not ALLOWED[feature.type].issuperset(kinds):
            return None
        if feature.closed:
            there = {value for value in values if value is not None and value == value}  # noqa: PLR0124 - NaN is null
            if not there.issubset(feature.categories or ()):
                return None
        if feature.type == "string":
            if MISSING_TEXT in values:
                return None
            return self.texts(values)
        if feature.type == "date" or feature.exact:
            if any(problem(feature, value, 0, self.limit) for value in values):
                return None
            return moments(values) if feature.type == "date" else integers(values)
        if feature.type == "boolean" and any(problem(feature, value, 0, self.limit) for value in set(values) - FLAGS):
            return None
        return self._numbers(values, missing=feature.missing)

    def texts(self, values: Sequence[Any]) -> NDArray[Any]:
        """Return strings as the model takes them: with its mark for a missing one."""
        array = np.empty(len(values), dtype=object)
        array[:] = [self._missing_text if value is None else value for value in values]
        return array

    def _numbers(self, values: Sequence[Any], *, missing: bool) -> NDArray[Any] | None:
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                array = np.array(values, dtype=np.float64).astype(self.dtype)
        except OverflowError:
            return None
        size = np.abs(array)
        good = size <= self.limit
        if (size >= LARGEST_EXACT).any() and not all(map(is_exact, values)):
            return None
        if missing:
            good |= np.isnan(array)
        return array if good.all() else None


def _check_names(rows: list[Any], names: Sequence[str]) -> None:
    """Refuse positional rows that do not fit the names beside them, as a data frame's JSON has them."""
    if len(set(names)) != len(names):
        raise SignatureError([Problem("shape", "a column name stands there twice")])
    wrong = (n for n, row in enumerate(rows) if not _is_row(row, len(names)))
    text = f"expected {len(names)} values, one a column"
    if problems := [Problem("width", text, n) for n in islice(wrong, MOST_LOOKED_FOR)]:
        raise SignatureError(problems)


def _is_row(row: object, width: int) -> bool:
    return isinstance(row, list) and len(row) == width

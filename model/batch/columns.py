"""Arrow columns become what a model takes. Numbers do so without a Python object for each value.

A row that might be wrong is only marked here; `model.schema.values` decides over it, as it does for a request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model.runtime.base import Model
from model.schema.arrays import integers, moments
from model.schema.readers import MatrixReader
from model.schema.rows import Table
from model.schema.signature import Feature, Problem
from model.schema.text_values import parse_value
from model.schema.values import LARGEST_EXACT, problem
from model.user_error import UserError

_NAMES = {
    "number": "a number",
    "integer": "a number",
    "boolean": "true or false",
    "string": "a string",
    "date": "a date",
}
_SHOWN = 12


@dataclass(frozen=True)
class Read:
    """The rows of a table as a model takes them."""

    rows: Table
    problems: list[Problem]
    """What is wrong with bad rows; their place in `rows` holds anything."""


class Columns:
    """The columns of one schema that a model takes; raises a UserError if it cannot take them."""

    def __init__(self, model: Model, schema: pa.Schema, source: str, *, text: bool) -> None:
        self._model, self._text = model, text
        self._features = model.signature.features
        self.places = _places(model, schema, source, text=text)
        if not text:
            _check_types(model, [schema.field(place) for place in self.places], source)

    def read(self, table: pa.Table) -> Read:
        """Return the rows of a table as the model takes them, and what is wrong with them."""
        columns = [_plain(table.column(place)) for place in self.places]
        doubt = np.zeros(table.num_rows, dtype=bool)
        arrays = [self._array(*pair, doubt) for pair in zip(self._features, columns, strict=True)]
        problems = list(self._problems(columns, np.flatnonzero(doubt))) if doubt.any() else []
        return Read(self._joined(arrays, table.num_rows), problems)

    def _array(self, feature: Feature, column: pa.Array, doubt: NDArray[np.bool_]) -> NDArray[Any]:
        """Return one column as the model takes it, and mark the rows to look at."""
        if feature.type not in ("string", "date") and not feature.exact:
            numbers = _numbers(column)
            if numbers is not None:
                return self._checked(feature, column, numbers, doubt)
        return self._by_values(feature, column, doubt)

    def _checked(
        self, feature: Feature, column: pa.Array, numbers: NDArray[np.float64], doubt: NDArray[np.bool_]
    ) -> NDArray[Any]:
        reader = self._model.reader
        with np.errstate(over="ignore", invalid="ignore"):
            array = numbers.astype(reader.dtype, copy=False)
            size = np.abs(array)
            good = size <= reader.limit
            if not pa.types.is_floating(column.type):
                good &= size < LARGEST_EXACT
        if feature.closed:
            good &= np.isin(numbers, [float(value) for value in feature.categories or ()])
        if feature.missing:
            good |= np.isnan(numbers)
        np.logical_or(doubt, ~good, out=doubt)
        return array

    def _by_values(self, feature: Feature, column: pa.Array, doubt: NDArray[np.bool_]) -> NDArray[Any]:
        """Return a column of strings, dates or odd numbers; each different value is looked at once."""
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        codes = encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
        nothing = parse_value("", feature) if self._text else None
        values = [*self._values(feature, encoded.dictionary), nothing]
        limit = self._model.reader.limit
        bad = np.array([problem(feature, value, 0, limit) is not None for value in values], dtype=bool)
        good = [None if wrong else value for value, wrong in zip(values, bad, strict=True)]
        # The code of null is -1: the last value.
        np.logical_or(doubt, bad[codes], out=doubt)
        array: NDArray[Any] = self._converter(feature)(good)[codes]
        return array

    def _values(self, feature: Feature, column: pa.Array) -> Iterator[Any]:
        """Give the values of a column as a request would have them."""
        kind = column.type
        if pa.types.is_timestamp(kind) and kind.unit == "ns":
            column = column.cast(pa.timestamp("us", kind.tz), safe=False)
        if pa.types.is_temporal(kind):
            yield from _dates(column)
        elif self._text:
            yield from (parse_value(value or "", feature) for value in column.to_pylist())
        else:
            yield from column.to_pylist()

    def _converter(self, feature: Feature) -> Callable[[Sequence[Any]], NDArray[Any]]:
        if feature.type == "date":
            return moments
        if feature.exact:
            return integers
        return self._model.reader.texts if feature.type == "string" else self._floats

    def _floats(self, values: Sequence[Any]) -> NDArray[Any]:
        with np.errstate(over="ignore"):
            return np.array([np.nan if value is None else value for value in values], dtype=np.float64).astype(
                self._model.reader.dtype
            )

    def _joined(self, arrays: list[NDArray[Any]], height: int) -> Table:
        reader = self._model.reader
        if not isinstance(reader, MatrixReader):
            return {name: array.reshape(-1, 1) for name, array in zip(reader.names, arrays, strict=True)}
        matrix = np.empty((height, reader.width), dtype=reader.dtype)
        for place, array in enumerate(arrays):
            matrix[:, place] = array
        return matrix

    def _problems(self, columns: list[pa.Array], places: NDArray[np.intp]) -> Iterator[Problem]:
        """Say what is wrong with the rows at these places, if it is so."""
        limit = self._model.reader.limit
        cells = (
            [*self._values(feature, column.take(pa.array(places)))]
            for feature, column in zip(self._features, columns, strict=True)
        )
        for place, row in zip(places.tolist(), zip(*cells, strict=True), strict=True):
            for feature, value in zip(self._features, row, strict=True):
                if fault := problem(feature, value, place, limit):
                    yield fault


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece; decimals and halves become floats, and nothing at all becomes null texts."""
    kind = column.type
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        column = column.cast(pa.float64())
    elif pa.types.is_null(kind) or pa.types.is_string_view(kind):
        column = column.cast(pa.string())
    found = column.combine_chunks()
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)


def _dates(column: pa.Array) -> list[str | None]:
    """Return dates as ISO texts; one that Python cannot hold becomes a text that is refused."""
    try:
        return [None if value is None else value.isoformat() for value in column.to_pylist()]
    except (OverflowError, ValueError):
        texts: list[str | None] = column.cast(pa.string()).to_pylist()
        return texts


def _numbers(column: pa.Array) -> NDArray[np.float64] | None:
    """Return numbers, with NaN for null; None for texts that are not all plain numbers."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
    if not pa.types.is_float64(column.type):
        try:
            column = pc.cast(column, pa.float64(), safe=False)
        except pa.ArrowInvalid:
            return None
    if column.null_count:
        column = pc.fill_null(column, np.nan)
    found: NDArray[np.float64] = column.to_numpy(zero_copy_only=False)
    return found


def _places(model: Model, schema: pa.Schema, source: str, *, text: bool) -> list[int]:
    """Return where the features are; in a CSV file, white space around a name does not count."""
    known = set(model.signature.names)
    names = [name.strip() if text and name not in known else name for name in schema.names]
    if twice := [name for name in model.signature.names if names.count(name) > 1]:
        raise UserError(f"{source} has two columns named {twice[0]!r}")
    if missing := [name for name in model.signature.names if name not in names]:
        has = _listed(schema.names)
        raise UserError(f"{source} lacks {_listed(missing)}, which {model.name} takes (it has {has})")
    return [names.index(name) for name in model.signature.names]


def _check_types(model: Model, fields: list[pa.Field], source: str) -> None:
    for feature, field in zip(model.signature.features, fields, strict=True):
        if not _takes(feature, field.type):
            wanted = _NAMES[feature.type]
            raise UserError(
                f"{source}: the column {feature.name} is {field.type}, but {model.name} takes {wanted} there"
            )


def _takes(feature: Feature, kind: pa.DataType) -> bool:
    types = pa.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    text = (types.is_string, types.is_large_string, types.is_string_view)
    numbers = (types.is_integer, types.is_floating, types.is_decimal)
    known = {
        "string": text,
        "date": (*text, types.is_timestamp, types.is_date),
        "boolean": (*numbers, types.is_boolean),
    }.get(feature.type, numbers)
    return any(is_kind(kind) for is_kind in (types.is_null, *known))


def _listed(names: Sequence[str]) -> str:
    """Return names for a sentence, not more than a dozen."""
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown

"""CSV files: a table whose columns are matched to the features by name, and the same table with the predictions."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from api.errors import ApiError, from_signature_error
from api.protocols.message import Request
from api.protocols.numeric_csv import parse_lines, split_header
from model.runtime.base import Model
from model.schema.signature import Feature, Problem, Signature, SignatureError
from model.schema.text_values import parse_value

_CHARSET = re.compile(r"charset\s*=\s*\"?([^\";,\s]+)", re.IGNORECASE)
_UTF8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
# Possessive, so that nothing is kept for a way back: that would be sixty bytes for each byte of the text.
_QUOTED = re.compile(r'(?:^|(?<=[,\r\n]))"[^"]*+(?:""[^"]*+)*+"')


def read_rows(model: Model, request: Request) -> tuple[Any, list[str] | None]:
    """Return a CSV file's rows as JSON values, and their names; columns that are no feature are left out.

    With ?header=absent, the file has no header, and its columns are the features by position: the names are None.
    """
    if (numbers := _read_numbers(model, request)) is not None:
        return numbers
    lines = parse_csv(file_text(request))
    features = model.signature.features
    if not has_header(request):
        return _some([_parse(line, features) for line in lines], "at least one row"), None
    header = next(lines, [])
    rows: Iterator[list[str]] = _of_width(header, lines)
    first = next(rows, None)
    if first is None:
        raise _too_few("a header and at least one row")
    places = _places(header, model.signature)
    columns = [(places[feature.name], feature) for feature in features]
    # One line after the other, so that the text of all cells is never in memory at once.
    table = [[parse_value(line[place], feature) for place, feature in columns] for line in chain([first], rows)]
    return table, [feature.name for feature in features]


def _read_numbers(model: Model, request: Request) -> tuple[Any, list[str] | None] | None:
    """Return the rows as an array if all columns are features and hold plain numbers, else None."""
    if not model.signature.numeric or _CHARSET.search(request.header("CONTENT_TYPE") or ""):
        return None
    split, names = split_header(request.body), list(model.signature.names)
    if split is None:
        return None
    if not has_header(request):
        array = parse_lines(request.body, len(names))
        return None if array is None else (array, None)
    header = split[0].rstrip("\r").split(",")
    if len(header) != len(names) or set(header) != set(names):
        return None
    array = parse_lines(split[1], len(names))
    return None if array is None else (array, header)


def _some(rows: list[list[Any]], wanted: str) -> list[list[Any]]:
    if not rows:
        raise _too_few(wanted)
    return rows


def _too_few(wanted: str) -> ApiError:
    return ApiError(400, "malformed", f"the file must have {wanted}")


def has_header(request: Request) -> bool:
    """Return whether the query says that the file has a header, which is the default."""
    value = request.query.get("header", "present")
    if value not in ("present", "absent"):
        raise ApiError(400, "malformed", f"header must be present or absent, not {value[:40]!r}")
    return value == "present"


def file_text(request: Request) -> str:
    """Return the file's text, which is in UTF-8, with or without a byte order mark."""
    content = request.body
    charset = _CHARSET.search(request.header("CONTENT_TYPE") or "")
    if charset and charset[1].lower() not in _UTF8 and not content.isascii():
        raise ApiError(415, "content_type", f"charset {charset[1][:40]!r} is not supported; utf-8 is")
    if b"\0" in content:
        raise ApiError(400, "malformed", "the file is not a CSV table in UTF-8: it holds a NUL character")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ApiError(400, "malformed", f"the file is not a CSV table in UTF-8: {error}") from None


def parse_csv(text: str) -> Iterator[list[str]]:
    """Yield the lines of a CSV file; empty lines at its end do not count."""
    if '"' in text and text.count('"') != sum(found[0].count('"') for found in _QUOTED.finditer(text)):
        # csv reads it as part of the cell, and a comma behind it as the end of the cell.
        raise ApiError(400, "malformed", "the file is not a CSV table in UTF-8: a quote stands within a bare cell")
    empty = 0
    try:
        for number, line in enumerate(csv.reader(_lines_of_text(text), strict=True), 1):
            if not line:
                empty = empty or number
                continue
            if empty:
                # For a model of one feature, nobody knows whether it is a missing value or no row.
                raise ApiError(400, "malformed", f"line {empty} of the file is empty")
            yield line
    except csv.Error as error:
        raise ApiError(400, "malformed", f"the file is not a CSV table in UTF-8: {error}") from None


def _lines_of_text(text: str) -> Iterator[str]:
    """Yield the lines of a text with their ends, which are those of Unix, Windows, or old Macs."""
    end = "\n" if "\n" in text else "\r"
    start = 0
    while following := text.find(end, start) + 1:
        yield text[start:following]
        start = following
    if start < len(text):
        yield text[start:]


def _of_width(header: list[str], lines: Iterable[list[str]]) -> Iterator[list[str]]:
    """Yield the lines, all of which must be as wide as the header."""
    for number, line in enumerate(lines):
        if len(line) != len(header):
            raise ApiError(400, "width", f"row {number} has {len(line)} cells, the header {len(header)}")
        yield line


def _parse(line: list[str], features: Sequence[Feature]) -> list[Any]:
    """Return the values of a line by position; one that is too long or too short stays so, to be refused."""
    if len(line) != len(features):
        return line
    return [parse_value(text, feature) for text, feature in zip(line, features, strict=True)]


def _places(header: list[str], signature: Signature) -> dict[str, int]:
    """Return the place of each feature in the header, or name those that are missing or repeated."""
    known = frozenset(signature.names)
    # White space around a name belongs to it only where the feature's own name has it.
    names = [name if name in known else name.strip() for name in header]
    repeated = [name for name in signature.names if names.count(name) > 1]
    problems = [Problem("shape", "stands in the header twice", None, name) for name in repeated]
    missing = known.difference(names)
    problems += [Problem("missing", "is missing", None, name) for name in signature.names if name in missing]
    if not problems:
        return {name: place for place, name in enumerate(names) if name in known}
    error = from_signature_error(SignatureError(problems))
    if missing != known:
        raise error
    single = len(header) == 1 and (";" in header[0] or "\t" in header[0])
    hint = "cells must be separated by commas" if single else "a file without a header needs ?header=absent"
    raise error.with_status(error.status, f"{error.message}; {hint}")


def text_to_extend(model: Model, request: Request) -> str:
    """Return the text of a file that was read, unless it has a column already that the predictions would have."""
    text = file_text(request)
    if has_header(request):
        # The rows are read by now, so that the file is known to be a table.
        header = [name.strip() for name in next(csv.reader(_lines_of_text(text)))]
        for name in model.signature.prediction_names:
            if name in header:
                raise ApiError(400, "shape", f"the file has a column named {name!r} already: rename it")
    return text


def add_columns(text: str, names: Sequence[str] | None, values: Iterable[Sequence[Any]]) -> bytes:
    """Return a CSV file with more columns; without names, the file has no header."""
    heads = [] if names is None else [names]
    longer = io.StringIO()
    writer = csv.writer(longer, lineterminator="\n")
    writer.writerows([*line, *more] for line, more in zip(parse_csv(text), chain(heads, values), strict=True))
    return longer.getvalue().encode()

"""CSV files: a table whose columns are matched to the features by name, and the same table with a column more."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from api.errors import ApiError, from_signature
from api.protocols.message import Request
from api.protocols.text_values import parse_value
from model.runtime.base import Model
from model.schema.signature import Problem, Signature, SignatureError

_CHARSET = re.compile(r"charset\s*=\s*\"?([^\";,\s]+)", re.IGNORECASE)
_UTF8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_QUOTED = re.compile(r'(?:^|(?<=[,\r\n]))"[^"]*(?:""[^"]*)*"')


def read_rows(model: Model, request: Request) -> tuple[list[list[Any]], list[str] | None]:
    """Return a CSV file's rows as JSON values, and their names; columns that are no feature are left out.

    With ?header=absent, the file has no header, and its columns are the features by position: the names are None.
    """
    header_present = has_header(request)
    lines = parse_csv(file_text(request), least=1 + header_present)
    features = model.signature.features
    if not header_present:
        kinds = [feature.type for feature in features]
        return [_parse(line, kinds) for line in lines], None
    header, *lines = lines
    _require_width(header, lines)
    places = _places(header, model.signature)
    columns = [(places[feature.name], feature.type) for feature in features]
    rows = [[parse_value(line[place], kind) for place, kind in columns] for line in lines]
    return rows, [feature.name for feature in features]


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


def parse_csv(text: str, least: int) -> list[list[str]]:
    """Return the lines of a CSV file, at least so many; empty lines at its end do not count."""
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise ApiError(400, "malformed", f"the file is not a CSV table in UTF-8: {error}") from None
    while lines and not lines[-1]:
        lines.pop()
    if len(lines) < least:
        wanted = "a header and at least one row" if least > 1 else "at least one row"
        raise ApiError(400, "malformed", f"the file must have {wanted}")
    if [] in lines:
        # For a model of one feature, nobody knows whether it is a missing value or no row.
        raise ApiError(400, "malformed", f"line {lines.index([]) + 1} of the file is empty")
    if '"' in text and text.count('"') != sum(found[0].count('"') for found in _QUOTED.finditer(text)):
        # csv reads it as part of the cell, and a comma behind it as the end of the cell.
        raise ApiError(400, "malformed", "the file is not a CSV table in UTF-8: a quote stands within a bare cell")
    return lines


def _require_width(header: list[str], lines: list[list[str]]) -> None:
    for number, line in enumerate(lines):
        if len(line) != len(header):
            raise ApiError(400, "width", f"row {number} has {len(line)} cells, the header {len(header)}")


def _parse(line: list[str], kinds: Sequence[str]) -> list[Any]:
    """Return the values of a line by position; one that is too long or too short stays so, to be refused."""
    if len(line) != len(kinds):
        return line
    return [parse_value(text, kind) for text, kind in zip(line, kinds, strict=True)]


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
    error = from_signature(SignatureError(problems))
    if missing != known:
        raise error
    single = len(header) == 1 and (";" in header[0] or "\t" in header[0])
    hint = "cells must be separated by commas" if single else "a file without a header needs ?header=absent"
    raise error.with_status(error.status, f"{error.message}; {hint}")


def add_column(text: str, name: str | None, values: Iterable[Any]) -> bytes:
    """Return a CSV file with one more column; its name is None where the file has no header."""
    lines = parse_csv(text, least=1)
    heads = [] if name is None else [name]
    longer = io.StringIO()
    writer = csv.writer(longer, lineterminator="\n")
    writer.writerows([*line, value] for line, value in zip(lines, [*heads, *values], strict=True))
    return longer.getvalue().encode()

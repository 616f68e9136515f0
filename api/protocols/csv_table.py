"""Rows as text: CSV files, and the fields of queries and forms."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

from api.errors import ApiError
from model.runtime.base import Model
from model.schema.signature import Signature

_WHOLE = re.compile(r"[+-]?[0-9]{1,300}")


def parse_record(signature: Signature, record: dict[str, str]) -> dict[str, Any]:
    """Parse the numbers of a record; text that is no number is left for the validation to report."""
    types = {feature.name: feature.type for feature in signature.features}
    return {name: parse_value(text, types.get(name, "string")) for name, text in record.items()}


def parse_value(text: str, type_name: str) -> Any:
    """Parse one value of a feature of this type; empty text is a missing value."""
    if type_name in ("string", "date"):
        return text or None
    if type_name == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if not text.strip():
        return None
    try:
        # Python alone reads 1_000 as a number. A whole number stays one: a float cannot hold each of them.
        return text if "_" in text else int(text) if _WHOLE.fullmatch(text) else float(text)
    except ValueError:
        return text


def read_rows(model: Model, content: bytes) -> tuple[list[list[Any]], list[str]]:
    """Return a CSV file's rows as JSON values, and their names; columns that are no feature are left out."""
    header, lines = parse_csv(content)
    types = {feature.name: feature.type for feature in model.signature.features}
    names = header if set(header) & set(types) else list(model.signature.names)
    if len(names) != len(header):
        raise ApiError(400, "width", f"expected {len(names)} columns, got {len(header)}")
    places = [place for place, name in enumerate(names) if name in types]
    rows = [[parse_value(line[place], types[names[place]]) for place in places] for line in lines]
    return rows, [names[place] for place in places]


def parse_csv(content: bytes) -> tuple[list[str], list[list[str]]]:
    """Return the header and the lines of a CSV file."""
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ApiError(400, "malformed", f"the file is not a CSV table in UTF-8: {error}") from None
    lines = [line for line in lines if line]
    if len(lines) < 2:
        raise ApiError(400, "malformed", "the file must have a header and at least one row")
    header = [name.strip() for name in lines[0]]
    for number, line in enumerate(lines[1:]):
        if len(line) != len(header):
            raise ApiError(400, "width", f"row {number} has {len(line)} cells, the header {len(header)}")
    return header, lines[1:]


def add_column(content: bytes, name: str, values: Iterable[Any]) -> bytes:
    """Return a CSV file with one more column."""
    header, lines = parse_csv(content)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*header, name])
    writer.writerows([*line, value] for line, value in zip(lines, values, strict=True))
    return text.getvalue().encode()

"""The lines of a CSV file that hold nothing but numbers become an array, without a Python object for each number.

A line of plain numbers is a row of JSON between brackets. With anything else, be it wrong or unusual, the ordinary
reader answers: quotes, empty cells, signs and points that JSON has not, lines of another width.
"""

from __future__ import annotations

import numpy as np
import simdjson

from api.protocols.numeric_json import PARSER_ERRORS, PIECE_SIZE, SMALL_BODY, Numbers, are_exact, parse_rows

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def split_header(content: bytes) -> tuple[str, bytes] | None:
    """Return a file's first line and the others, or None if the ordinary reader must look at them."""
    content = content.removeprefix(_BYTE_ORDER_MARK)
    if len(content) < SMALL_BODY or not content.isascii():
        return None
    # A carriage return elsewhere than at the end of a line is a mistake, or ends a line itself.
    if content.count(b"\r") != content.count(b"\r\n"):
        return None
    header, _, lines = content.partition(b"\n")
    return header.decode(), lines


def parse_lines(lines: bytes, width: int) -> Numbers | None:
    """Return lines of so many numbers as an array, or None."""
    lines = lines.rstrip(b"\r\n")
    parser, parts, place = simdjson.Parser(), [], 0
    while place <= len(lines):
        found = lines.find(b"\n", place + PIECE_SIZE)
        stop = len(lines) if found < 0 else found
        text = lines[place:stop]
        if b"[" in text:
            return None
        try:
            piece = parse_rows(parser, b"[%b]" % text.replace(b"\n", b"],["), width)
        except PARSER_ERRORS:
            return None
        if piece is None or not are_exact(piece):
            return None
        parts.append(piece)
        place = stop + 1
    array = np.concatenate(parts).reshape(-1, width)
    # One row may be answered by the compact form.
    return array if len(array) > 1 else None

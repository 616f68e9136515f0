"""A long list of numbers in a JSON body becomes an array, without a Python object for each number.

Only what the ordinary decoder would take as it is: whatever else it holds, the ordinary one answers.
The list is cut out of the body by the quotes around it, since no string stands in it, and parsed in pieces: each keeps
the interpreter for less than a millisecond, and what the parser needs does not grow with the body.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import Any

import numpy as np
import simdjson
from numpy.typing import NDArray

from api.errors import ApiError
from api.protocols.json_codec import decode_json
from model.runtime.base import Model
from model.schema.values import LARGEST_EXACT

SMALL_BODY = 2048
"""The ordinary decoder is as fast for smaller bodies."""
PIECE_SIZE = 1 << 15
_MOST_QUOTES = 200
"""A body with more holds strings, or rows by name."""
_KEYS = ("X", "input", "data", "instances", "inputs", "dataframe_records")
_START = re.compile(rb"\s*:\s*\[\s*(\[?)")
_MARK = secrets.token_hex(16)
"""Stands for the list in the rest of the body. No caller can know it."""
PARSER_ERRORS = (ValueError, TypeError, RuntimeError)

Numbers = NDArray[np.float64]


def decode_rows(model: Model, body: bytes, *, tensors: bool = False) -> Any:
    """Return the parsed body, with an array for the rows if they are many and all numbers, or raise a 400.

    The body of a request with tensors has its rows in the data of one, which may be flat.
    """
    if len(body) >= SMALL_BODY and model.signature.numeric:
        found = _decode_numbers(model.signature.names, body, tensors=tensors)
        if found is not None:
            return found
    return decode_json(body)


def _decode_numbers(names: tuple[str, ...], body: bytes, *, tensors: bool) -> Any:
    """Return the parsed body with an array for its longest list, or None where the ordinary decoder must look."""
    place = _find_list(body, flat=tensors)
    if place is None:
        return None
    start, end, nested = place
    try:
        array = _parse(body, start, end, len(names) if nested else 0)
        # One row is for the ordinary decoder, since the compact form may answer it.
        if array is None or array.size <= len(names):
            return None
        rest = decode_json(b'%b"%b"%b' % (body[:start], _MARK.encode(), body[end:]))
    except (ApiError, *PARSER_ERRORS):
        return None
    for holder in _holders(rest, tensors=tensors):
        for key in ("data",) if holder is not rest else _KEYS:
            if holder.get(key) == _MARK and (holder is not rest or key not in names):
                holder[key] = array
                return rest
    return None


def _find_list(body: bytes, *, flat: bool) -> tuple[int, int, bool] | None:
    """Return where the longest text without a string has its list, and whether that is nested."""
    start = end = quotes = 0
    quote = body.find(b'"')
    while quote >= 0 and quotes < _MOST_QUOTES:
        following = body.find(b'"', quote + 1)
        stop = len(body) if following < 0 else following
        if stop - quote > end - start:
            start, end = quote + 1, stop
        quote, quotes = following, quotes + 1
    found = _START.match(body, start, end)
    if found is None or quote >= 0 or not (found[1] or flat):
        return None
    # In an object, nothing but a comma may stand between the list and the next key or the end.
    brace = body.find(b"}", start, end)
    last = body.rfind(b"]", start, end if brace < 0 else brace)
    return (body.index(b"[", start), last + 1, bool(found[1])) if last > 0 else None


def _parse(body: bytes, start: int, end: int, width: int) -> Numbers | None:
    """Return the numbers of a list of rows of this width, or of a flat list if the width is 0."""
    parser, separator = simdjson.Parser(), b"]," if width else b","
    # Numbers take two bytes at least; the system gives memory only for what is written.
    numbers = np.empty((end - start) // 2)
    place, count = start + 1, 0
    while place < end:
        found = body.find(separator, place + PIECE_SIZE, end)
        stop = end - 1 if found < 0 else found + len(separator) - 1
        piece = parse_rows(parser, body[place:stop], width)
        if piece is None or not are_exact(piece):
            return None
        numbers[count : count + len(piece)] = piece
        place, count = stop + 1, count + len(piece)
    return numbers[:count].reshape(-1, width) if width else numbers[:count]


def parse_rows(parser: simdjson.Parser, text: bytes, width: int) -> Numbers | None:
    """Return some numbers of a list, or None if its rows are of another width, or deeper."""
    array: Any = parser.parse(b"[%b]" % text)
    if not len(array) or text.count(b"[") != (len(array) if width else 0):
        return None
    if width and set(map(len, array)) != {width}:
        return None
    return np.frombuffer(array.as_buffer(of_type="d"))


def are_exact(numbers: Numbers) -> bool:
    """Return whether all are so small that it does not matter whether they were whole, which only the text shows."""
    return bool((np.abs(numbers) < LARGEST_EXACT).all())


def _holders(rest: Any, *, tensors: bool) -> Iterator[dict[str, Any]]:
    """Yield the objects of a body that may hold rows: itself and its data frame, or its tensors."""
    if type(rest) is not dict:
        return
    if tensors:
        inputs = rest.get("inputs")
        yield from (each for each in inputs if type(each) is dict) if type(inputs) is list else ()
        return
    yield rest
    if type(frame := rest.get("dataframe_split")) is dict:
        yield frame

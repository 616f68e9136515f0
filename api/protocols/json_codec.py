"""JSON to Python and back. Output is always valid JSON: NaN and infinities become null."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from api.errors import ApiError
from api.protocols.json_keys import has_unique_keys

LARGE_BODY = 1_000_000
# Decoded in one call, this takes about five milliseconds, in which no other thread runs.
PIECE_SIZE = 250_000
MAX_TRIES = 20
_ROW_END = re.compile(rb"[\]}],")

_decoder = msgspec.json.Decoder()
_object_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder = msgspec.json.Encoder()


def decode_json(body: bytes) -> Any:
    """Return the parsed body, or raise a 400."""
    try:
        found = _decoder.decode(body) if len(body) < LARGE_BODY else _decode_in_steps(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        text = "the body is empty" if not body else f"the body is not JSON: {error}"
        raise ApiError(400, "malformed", text) from None
    # Every key has a colon behind it, so one colon is one key, as in the ordinary body.
    if (colons := body.count(b":")) > 1 and not has_unique_keys(body, found, colons):
        raise ApiError(400, "malformed", "the body is not JSON: an object has a key twice")
    return found


def raw_member(body: bytes, key: str) -> bytes:
    """Return the JSON text of one member of an object that was decoded before, to the letter."""
    return bytes(_object_decoder.decode(body)[key])


def _decode_in_steps(body: bytes) -> Any:
    """Decode a large body, its long lists piece by piece, so that other threads can answer probes meanwhile."""
    if not body.lstrip().startswith(b"{"):
        return _decoder.decode(body)
    found = {}
    for key, raw in _object_decoder.decode(body).items():
        content = bytes(raw).strip()
        found[key] = _decoder.decode(content) if len(content) < LARGE_BODY else _decode_list_in_steps(content)
    return found


def _decode_list_in_steps(content: bytes) -> Any:
    if not content.startswith(b"["):
        return _decoder.decode(content)
    rows: list[Any] = []
    for piece in _pieces(content):
        if piece is None:
            return _decoder.decode(content)
        rows += piece
    return rows


def _pieces(content: bytes) -> Iterator[list[Any] | None]:
    """Return the items of a list in several lists, or None where it cannot be split.

    A piece that ends too early, within a string or a list within a row, is not JSON, and is made longer.
    """
    start, tries = 1, 0
    while start < len(content):
        end = min(start + PIECE_SIZE, len(content) - 1)
        while True:
            end = _next_split(content, end)
            try:
                yield _decoder.decode(b"[" + content[start:end] + b"]")
                break
            except msgspec.DecodeError:
                tries += 1
                if tries > MAX_TRIES or end >= len(content) - 1:
                    yield None
                    return
        start = end + 1


def _next_split(content: bytes, after: int) -> int:
    """Return the next place where a row may end, or the end of the list."""
    found = _ROW_END.search(content, after)
    return found.start() + 1 if found else len(content) - 1


encode_json = _encoder.encode

"""What a body needs in memory while it is answered, estimated from above by its length and its number of values.

Counting a few bytes is hundreds of times faster than parsing them. The figures were measured with the worst bodies of
each protocol that a search found; tests/hostile_callers holds them under a real memory limit.
"""

from __future__ import annotations

FREE_BODY = 4 << 10
"""A body up to this size is not counted: it cannot need more than a few hundred kilobytes."""
_VALUE, _LIST, _OBJECT = 72, 110, 420
"""Bytes for each value, list and object of JSON, with its copies on the way to a model."""
_CELL, _ROW, _FIELD, _ESCAPE = 64, 90, 300, 240
"""Bytes for each cell and row of a table, and for each field and each %XX of a form."""
_COPIES = 4
"""A body is read in pieces, joined, decoded, and parts of it are kept as text."""
_WIDE = 4
"""Bytes for each character of a text that holds one beyond U+FFFF."""
ANSWER_VALUE = 160
"""Bytes for each value of an answer: as the model gave it, as a Python object, as text, and on its way out."""
FREE_ANSWER_VALUES = 400
"""Answers with fewer values are not counted."""


def uncounted_body(most_values: int) -> int:
    """Return the size below which a body's answers are too few to be counted: each row takes two bytes at least.

    most_values is how many values the answer to a row may have.
    """
    return 2 * FREE_ANSWER_VALUES // most_values


def cost_of_body(body: bytes, media_type: str) -> int:
    """Return about how many bytes a request with this body needs."""
    copies = _COPIES * len(body) * (1 if body.isascii() else _WIDE)
    if "csv" in media_type or "form" in media_type:
        ends = body.count(b"\n") or body.count(b"\r")
        table = _CELL * (body.count(b",") + ends) + _ROW * ends
        return copies + table + _FIELD * body.count(b"&") + _ESCAPE * body.count(b"%")
    values = body.count(b",") + body.count(b":")
    return copies + _VALUE * values + _LIST * body.count(b"[") + _OBJECT * body.count(b"{")

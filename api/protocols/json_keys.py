"""Whether an object of a JSON text has a key twice, of which the decoder keeps the last one without a word.

Two readers of such a text may see different values, so it has no meaning that could be answered.
"""

from __future__ import annotations

import re
from typing import Any

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')


def has_unique_keys(body: bytes, found: Any, colons: int) -> bool:
    """Return whether the decoded value has as many keys as the text has, in which there are so many colons."""
    if type(found) is dict:
        # Rows by name and tensors are objects in a list. This is the hot path of both.
        count = len(found)
        for member in found.values():
            kind = type(member)
            if kind is list and member and type(member[0]) is dict:
                for each in member:
                    if type(each) is dict:
                        count += len(each)
            elif kind is dict:
                count += len(member)
        if count == colons:
            return True
    keys = _count_keys(found)
    # Only strings hold colons that belong to no key.
    return keys == colons or keys == colons - _colons_in_strings(body)


def _count_keys(found: Any) -> int:
    """Count the keys of all objects."""
    count, level = 0, [found]
    while level:
        count += sum(len(each) for each in level if type(each) is dict)
        children = (each.values() if type(each) is dict else each for each in level)
        level = [child for each in children for child in each if type(child) in (dict, list)]
    return count


def _colons_in_strings(body: bytes) -> int:
    return sum(string[0].count(b":") for string in _STRING.finditer(body))

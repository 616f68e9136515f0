"""Values that arrive as text: in a CSV file, a query, or a form."""

from __future__ import annotations

import re
from typing import Any

from model.schema.signature import Signature

# float also reads 1_000, digits of other scripts, "infinity" and any white space: no other protocol takes them.
_NUMBER = re.compile(r"[ \t]*[+-]?(?:[0-9]+(\.[0-9]*)?|(\.[0-9]+))([eE][+-]?[0-9]+)?[ \t]*")
_LONGEST_INTEGER = 300


def parse_record(signature: Signature, record: dict[str, str]) -> dict[str, Any]:
    """Parse the numbers of a record; text that is no number is left for the validation to report."""
    types = {feature.name: feature.type for feature in signature.features}
    return {name: parse_value(text, types.get(name, "string")) for name, text in record.items()}


def parse_value(text: str, type_name: str) -> Any:
    """Parse one value of a feature of this type; empty text is a missing value, and so is NaN for a number."""
    if type_name in ("string", "date"):
        return text or None
    found = _NUMBER.fullmatch(text)
    if found is not None:
        # A whole number stays one: a float cannot hold each of them.
        return int(text) if found.lastindex is None and len(text) <= _LONGEST_INTEGER else float(text)
    lower = text.strip(" \t").lower()
    if type_name == "boolean" and lower in ("true", "false"):
        return lower == "true"
    return None if lower in ("", "nan") else text

"""Values that arrive as text: in a CSV file, a query, or a form."""

from __future__ import annotations

import re
from typing import Any

from model.schema.signature import Feature, Signature

# float also reads 1_000, digits of other scripts, "infinity" and any white space: no other protocol takes them.
_NUMBER = re.compile(r"[ \t]*[+-]?(?:[0-9]+(\.[0-9]*)?|(\.[0-9]+))([eE][+-]?[0-9]+)?[ \t]*")
_LONGEST_INTEGER = 300


def parse_record(signature: Signature, record: dict[str, str]) -> dict[str, Any]:
    """Parse the numbers of a record; text that is no number is left for the validation to report."""
    features = {feature.name: feature for feature in signature.features}
    return {name: parse_value(text, features[name]) if name in features else text for name, text in record.items()}


def parse_value(text: str, feature: Feature) -> Any:
    """Parse one value of a feature.

    Empty text is a missing value, unless it is one of the feature's categories; so is NaN for a number.
    """
    if feature.type in ("string", "date"):
        return text or ("" if "" in (feature.categories or ()) else None)
    found = _NUMBER.fullmatch(text)
    if found is not None:
        # A whole number stays one: a float cannot hold each of them.
        return int(text) if found.lastindex is None and len(text) <= _LONGEST_INTEGER else float(text)
    lower = text.strip(" \t").lower()
    if feature.type == "boolean" and lower in ("true", "false"):
        return lower == "true"
    return None if lower in ("", "nan") else text

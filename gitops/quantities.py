"""Kubernetes' quantities: 250m, 128Mi, 1e3."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

_PREFIXES = "KMGTPE"
_FACTORS = (
    {"": Decimal(1), "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "k": Decimal(1000)}
    | {each: Decimal(1000) ** power for power, each in enumerate(_PREFIXES, 1) if each != "K"}
    | {f"{each}i": Decimal(1024) ** power for power, each in enumerate(_PREFIXES, 1)}
)
_QUANTITY = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:[eE]([+-]?[0-9]{1,3})|([numkMGTPE]|[KMGTPE]i)?)")


def quantity(value: Any) -> Decimal | None:
    """Return the number that a quantity means, or None for what is no quantity."""
    # The client library has a parser too, and takes a quarter of a second to be imported.
    if (found := _QUANTITY.fullmatch(str(value))) is None:
        return None
    number, exponent, suffix = found.groups()
    return Decimal(f"{number}e{exponent}") if exponent else Decimal(number) * _FACTORS[suffix or ""]

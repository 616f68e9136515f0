"""What a bundle tells the prediction log to do with its features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

from model.packing.data import PackError, listed
from model.segments import OTHERS, Treatment, parse_fields


def parse_rules(texts: Iterable[str]) -> dict[str, Treatment]:
    """Return FEATURE=RULE texts as a mapping."""
    try:
        return parse_fields(part for each in texts for part in each.split(","))
    except ValueError:
        raise PackError(f"--log {' '.join(texts)}: write FEATURE=keep, FEATURE=hash or FEATURE=drop") from None


def require_known(rules: Mapping[str, Treatment], names: tuple[str, ...]) -> dict[str, Treatment]:
    """Return the rules, or refuse a name that no feature has: it would let out what must stay."""
    for name, what in rules.items():
        if what not in get_args(Treatment):
            raise PackError(f"the log's rule for {name!r} is {what!r}: it must be keep, hash or drop")
    if unknown := [name for name in rules if name not in (*names, OTHERS)]:
        raise PackError(f"the log's rule for {unknown[0]!r}: the model has no such feature (it has {listed(names)})")
    return dict(rules)

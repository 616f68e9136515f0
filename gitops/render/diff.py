"""The differences of two renders, by object and field instead of by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gitops.render.objects import Object

MISSING = object()
WHOLE = "(object)"
"""The field of a change that adds or removes an object."""
_HASH = re.compile(r"-[bcdfghkmt2456789]{10}$")
_IMAGE = re.compile(r"spec\.template\.spec\.containers\[[^]]+\]\.image")


@dataclass(frozen=True)
class Change:
    """One changed field of one object."""

    object: str
    field: str
    before: Any
    after: Any

    @property
    def is_image(self) -> bool:
        """Return whether only the image of a container changes."""
        return bool(_IMAGE.fullmatch(self.field))

    def __str__(self) -> str:
        """Return one line with both values."""
        if self.before is MISSING:
            return f"{self.object}: + {self.field} = {self.after!r}"
        if self.after is MISSING:
            return f"{self.object}: - {self.field} = {self.before!r}"
        return f"{self.object}: {self.field}: {self.before!r} -> {self.after!r}"

    def as_json(self) -> dict[str, Any]:
        """Return the change with only the values that exist."""
        values = {"before": self.before, "after": self.after}
        return {"object": self.object, "field": self.field} | {k: v for k, v in values.items() if v is not MISSING}


def diff(before: list[Object], after: list[Object]) -> list[Change]:
    """Return the changes from one render to another; their Namespaces count as one object."""
    old, new = _by_name(before), _by_name(after)
    found: list[Change] = []
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            found.append(Change(name, WHOLE, "present", MISSING))
        elif name not in old:
            found.append(Change(name, WHOLE, MISSING, "present"))
        else:
            found += [Change(name, *each) for each in _fields(old[name], new[name], "")]
    return found


def _by_name(objects: list[Object]) -> dict[str, Object]:
    return {
        f"{each['kind']}/{'(its own)' if each['kind'] == 'Namespace' else stable_name(each)}": each for each in objects
    }


def stable_name(found: Object) -> str:
    """Return the name of an object without the hash of its content, with which a generated ConfigMap's name ends."""
    name = str(found["metadata"]["name"])
    return _HASH.sub("", name) if found["kind"] in ("ConfigMap", "Secret") else name


def _fields(before: Any, after: Any, at: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _fields(before.get(key, MISSING), after.get(key, MISSING), f"{at}.{key}" if at else key)
    elif isinstance(before, list) and isinstance(after, list):
        for key, (old, new) in _items(before, after).items():
            yield from _fields(old, new, f"{at}[{key}]")
    elif before != after:
        yield at, before, after


def _items(before: list[Any], after: list[Any]) -> dict[str, tuple[Any, Any]]:
    old, new = keyed(before), keyed(after)
    return {key: (old.get(key, MISSING), new.get(key, MISSING)) for key in [*old, *(k for k in new if k not in old)]}


def keyed(items: list[Any]) -> dict[str, Any]:
    """Return the items of a list by their names, or by their places if not each has a name of its own."""
    names = [each.get("name") if isinstance(each, dict) else None for each in items]
    if None not in names and len(set(names)) == len(names):
        return {str(name): each for name, each in zip(names, items, strict=True)}
    return {str(number): each for number, each in enumerate(items)}

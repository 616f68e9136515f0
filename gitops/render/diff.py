"""The differences of two renders, by object and field instead of by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gitops.render.objects import Object

MISSING = object()
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
            found.append(Change(name, "(object)", "present", MISSING))
        elif name not in old:
            found.append(Change(name, "(object)", MISSING, "present"))
        else:
            found += [Change(name, *each) for each in _fields(old[name], new[name], "")]
    return found


def _by_name(objects: list[Object]) -> dict[str, Object]:
    # The name of a generated ConfigMap ends with a hash of its content: compared by it, each change is two objects.
    found = {}
    for each in objects:
        name = each["metadata"]["name"]
        if each["kind"] == "ConfigMap" and len(name.rpartition("-")[2]) == 10:
            name = name.rpartition("-")[0]
        if each["kind"] == "Namespace":
            name = "(its own)"
        found[f"{each['kind']}/{name}"] = each
    return found


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
    old, new = _keyed(before), _keyed(after)
    return {key: (old.get(key, MISSING), new.get(key, MISSING)) for key in [*old, *(k for k in new if k not in old)]}


def _keyed(items: list[Any]) -> dict[str, Any]:
    names = [each.get("name") if isinstance(each, dict) else None for each in items]
    if None not in names and len(set(names)) == len(names):
        return {str(name): each for name, each in zip(names, items, strict=True)}
    return {str(number): each for number, each in enumerate(items)}

"""What a change means once it is rendered: by object and field, not by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gitops.render import Object

MISSING = object()


@dataclass(frozen=True)
class Change:
    """One field of one object."""

    object: str
    field: str
    before: Any
    after: Any

    def __str__(self) -> str:
        """Say what becomes what."""
        if self.before is MISSING:
            return f"{self.object}: + {self.field} = {self.after!r}"
        if self.after is MISSING:
            return f"{self.object}: - {self.field} = {self.before!r}"
        return f"{self.object}: {self.field}: {self.before!r} -> {self.after!r}"


def changes(before: list[Object], after: list[Object]) -> list[Change]:
    """Return what differs between two renders; environments' own namespaces are not told."""
    old, new = _by_name(before), _by_name(after)
    found: list[Change] = []
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            found.append(Change(name, "(all of it)", "there", MISSING))
        elif name not in old:
            found.append(Change(name, "(all of it)", MISSING, "there"))
        else:
            found += [Change(name, *each) for each in _fields(old[name], new[name], "")]
    return found


def _by_name(objects: list[Object]) -> dict[str, Object]:
    # A generated ConfigMap has its content's hash in its name, which would make every change two objects.
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
        for key, (one, other) in _items(before, after).items():
            yield from _fields(one, other, f"{at}[{key}]")
    elif before != after:
        yield at, before, after


def _items(before: list[Any], after: list[Any]) -> dict[str, tuple[Any, Any]]:
    one, other = _keyed(before), _keyed(after)
    return {
        key: (one.get(key, MISSING), other.get(key, MISSING)) for key in [*one, *(k for k in other if k not in one)]
    }


def _keyed(items: list[Any]) -> dict[str, Any]:
    names = [each.get("name") if isinstance(each, dict) else None for each in items]
    if None not in names and len(set(names)) == len(names):
        return {str(name): each for name, each in zip(names, items, strict=True)}
    return {str(place): each for place, each in enumerate(items)}

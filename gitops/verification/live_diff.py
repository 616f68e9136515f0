"""Whether the cluster has what git renders: each rendered field of each object, as the API server has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gitops.cluster.client import Cluster
from gitops.quantities import quantity
from gitops.render.diff import keyed
from gitops.render.objects import Object

# Where the server may write an amount in another way.
_AMOUNTS = re.compile(
    r"\b(resources|hard|limits|default|defaultRequest|max|min|sizeLimit|averageValue|target\.value|divisor)\b"
)


def find_difference(objects: list[Object], cluster: Cluster) -> str | None:
    """Return the first thing that the cluster has otherwise than git, and how many there are."""
    found = [each for wanted in objects for each in _of(wanted, cluster.read(wanted))]
    if not found:
        return None
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{found[0]}{more}"


def _of(wanted: Object, live: Object | None) -> Iterator[str]:
    name = f"{wanted['kind']}/{wanted['metadata']['name']}"
    if live is None:
        yield f"{name} is not there"
        return
    for path, git, cluster in _fields(wanted, live, ""):
        yield f"{name}: {path} is {cluster!r}, and git has {git!r}"


def _fields(wanted: Any, live: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield what is rendered and otherwise in the cluster; what only the server or another program sets is not."""
    if wanted == {} and live and path.endswith("elector"):
        # Here nothing means everything.
        yield path, wanted, live
    elif isinstance(wanted, dict):
        for key, value in wanted.items():
            yield from _fields(value, live.get(key) if isinstance(live, dict) else None, f"{path}.{key}".lstrip("."))
    elif isinstance(wanted, list) and isinstance(live, list):
        mine, theirs = keyed(wanted), keyed(live)
        by_name = bool(mine) and not any(each.isdigit() for each in mine)
        if len(wanted) != len(live) and not by_name:
            yield path, wanted, live
            return
        for key, value in mine.items():
            yield from _fields(value, theirs.get(key), f"{path}[{key}]")
    elif not _same(wanted, live, path):
        yield path, wanted, live


def _same(wanted: Any, live: Any, path: str) -> bool:
    if wanted is None or wanted == live or (live is None and wanted in ("", [], False, 0)):
        return True
    amount = quantity(wanted) if _AMOUNTS.search(path) else None
    return amount is not None and amount == quantity(live)

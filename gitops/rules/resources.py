"""Rules about resources: quantities that Kubernetes reads, and no request above its limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitops.quantities import quantity
from gitops.rules.overlay import Overlay


def possible_resources(overlay: Overlay) -> Iterator[str]:
    """Require quantities, and requests that are not above their limits."""
    for owner, container in overlay.containers():
        kind, name = owner.split(" ", 1)
        for problem in _problems(container.get("resources") or {}):
            yield f"{overlay.file_with(f'kind: {kind}', f'name: {name}', 'resources:')}: {owner}: resources.{problem}"


def _problems(resources: dict[str, dict[str, Any]]) -> Iterator[str]:
    requests, limits = (resources.get(kind) or {} for kind in ("requests", "limits"))
    for kind, given in (("requests", requests), ("limits", limits)):
        for name, value in given.items():
            if quantity(value) is None:
                yield f"{kind}.{name} is {value!r}, which is no quantity: use one such as 250m or 128Mi"
    for name in requests.keys() & limits.keys():
        asked, most = quantity(requests[name]), quantity(limits[name])
        if asked is not None and most is not None and asked > most:
            yield (
                f"requests.{name} is {requests[name]}, above limits.{name}, {limits[name]}: no pod would start; "
                "lower the request or raise the limit"
            )

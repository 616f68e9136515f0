"""Rules about the number of pods: a whole number, in git or between the autoscaler's bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitops.render.objects import Object, full_name, of_kind
from gitops.rules.overlay import Overlay


def whole_replicas(overlay: Overlay) -> Iterator[str]:
    """Require whole numbers of pods, and bounds in their order."""
    for each in overlay.objects:
        spec = each.get("spec")
        if isinstance(spec, dict) and "replicas" in spec and not _is_count(spec["replicas"]):
            yield f"{_file(overlay, each)}: spec.replicas is {spec['replicas']!r}: use a whole number, such as 2"
    for each in of_kind(overlay.objects, "HorizontalPodAutoscaler"):
        low, high = each["spec"].get("minReplicas", 1), each["spec"].get("maxReplicas")
        for key, value in (("minReplicas", low), ("maxReplicas", high)):
            if not _is_count(value):
                yield f"{_file(overlay, each)}: spec.{key} is {value!r}: use a whole number, such as 3"
        if _is_count(low) and _is_count(high) and low > high:
            yield f"{_file(overlay, each)}: spec.minReplicas {low} is above maxReplicas {high}: exchange them"


def _file(overlay: Overlay, found: Object) -> str:
    file = overlay.file_with(f"kind: {found['kind']}", f"name: {found['metadata']['name']}", "[rR]eplicas:")
    return f"{file}: {full_name(found)}"


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0

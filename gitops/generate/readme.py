"""README's table of environments."""

from __future__ import annotations

from gitops import text_files
from gitops.errors import GitopsError
from gitops.escaping import table_cell
from gitops.render.objects import is_service_pod, of_kind, pod_of, settings_of
from gitops.rules.overlay import Overlay

HEADER = "| environment | namespace | pods | log level | components |"


def updated(text: str, overlays: list[Overlay]) -> str:
    """Return a text with the current table; a text without the table stays as it is."""
    lines = text.splitlines(keepends=True)
    start = next((number for number, line in enumerate(lines) if line.strip() == HEADER), None)
    if start is None:
        return text
    end = start
    while end < len(lines) and lines[end].startswith("|"):
        end += 1
    table = [HEADER, "|---|---|---|---|---|", *map(_row, overlays)]
    line_end = text_files.line_end(text)
    return "".join([*lines[:start], *(f"{line}{line_end}" for line in table), *lines[end:]])


def _row(overlay: Overlay) -> str:
    texts = (_pods(overlay), _log_level(overlay), ", ".join(overlay.components()))
    cells = (f"`{overlay.name}`", f"`{overlay.environment.namespace}`", *map(table_cell, texts))
    return f"| {' | '.join(cells)} |"


def _pods(overlay: Overlay) -> str:
    for scaler in of_kind(overlay.objects, "HorizontalPodAutoscaler"):
        return f"{scaler['spec']['minReplicas']} to {scaler['spec']['maxReplicas']}"
    for each in of_kind(overlay.objects, "Deployment"):
        if (pod := pod_of(each)) and is_service_pod(pod):
            return str(each["spec"].get("replicas", 1))
    raise GitopsError(f"{overlay.name}: there is no Deployment of the service")


def _log_level(overlay: Overlay) -> str:
    return str(settings_of(overlay.objects).get("LOG_LEVEL", "info"))

"""Rules about probes and hooks: each asks a port that is open, for a path that the service answers."""

from __future__ import annotations

from collections.abc import Iterator

from api.pipeline.routes import PUBLIC_METRICS, ROUTES
from api.settings import Settings, SettingsError
from api.transport.admin_server import ADMIN_PATHS
from gitops.models import service_settings
from gitops.render.objects import Object
from gitops.rules.overlay import Overlay

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def answered_probes(overlay: Overlay) -> Iterator[str]:
    """Require that each probe and hook of the service asks for a route that exists."""
    try:
        found = service_settings(overlay.objects)
    except SettingsError:
        return
    for owner, container in overlay.service_containers():
        ports = {port.get("name"): port["containerPort"] for port in container.get("ports") or ()}
        for name, get in _requests(container):
            if problem := _problem(get, ports, found):
                file = overlay.file_with("kind: Deployment", f"{name.rpartition('.')[2]}:")
                yield f"{file}: {owner}: {name}.httpGet.{problem}"


def _requests(container: Object) -> Iterator[tuple[str, Object]]:
    lifecycle = container.get("lifecycle") or {}
    asking = [(name, container.get(name)) for name in PROBES]
    asking += [(f"lifecycle.{name}", lifecycle.get(name)) for name in ("postStart", "preStop")]
    for name, each in asking:
        if each and "httpGet" in each:
            yield name, each["httpGet"]


def _problem(get: Object, ports: dict[str, int], found: Settings) -> str | None:
    port, path = get.get("port"), str(get.get("path", "/"))
    number = ports.get(port) if isinstance(port, str) else port
    paths = {
        found.port: [each.path for each in (*ROUTES, PUBLIC_METRICS) if each.method == "GET" and "<" not in each.path],
        found.admin_port: list(ADMIN_PATHS),
    }
    names = ", ".join(f"{name} ({number})" for name, number in ports.items())
    if number is None:
        return f"port is {port!r}, which no port of the container is called: use one of {names}"
    if number not in paths:
        return f"port {port!r} is {number}, where the service does not listen: use {found.port} or {found.admin_port}"
    if path.partition("?")[0] not in paths[number]:
        good = ("/readyz", "/livez") if number == found.port else ADMIN_PATHS
        return f"path is {path!r}, which the service does not answer on {number}: use {', '.join(good)}"
    return None

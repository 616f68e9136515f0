"""Rules about the values of settings: the service itself must be able to read them."""

from __future__ import annotations

from collections.abc import Iterator

from opentelemetry.sdk import environment_variables

from api.settings import NAMES, SettingsError
from gitops.models import service_settings
from gitops.render.objects import settings_of
from gitops.rules.overlay import Overlay

# The service's own settings, and those that OpenTelemetry's SDK reads itself.
SETTINGS = {*NAMES, *(each for each in vars(environment_variables) if each.startswith("OTEL_"))}


def known_settings(overlay: Overlay) -> Iterator[str]:
    """Require that each environment variable of the pods is a setting of the service."""
    for key in settings_of(overlay.objects):
        if key not in SETTINGS:
            yield f"{_file(overlay, key)}: {key} is no setting of the service; it has {', '.join(NAMES)}"


def readable_settings(overlay: Overlay) -> Iterator[str]:
    """Require that the service can start with each value, as its own start decides it."""
    try:
        service_settings(overlay.objects)
    except SettingsError as error:
        for key, problem in error.problems.items():
            yield f"{_file(overlay, key)}: {problem}"


def served_models(overlay: Overlay) -> Iterator[str]:
    """Require that each model to serve is in the image."""
    try:
        wanted = service_settings(overlay.objects).model
    except SettingsError:
        return
    for name in wanted:
        # Where no bundle is known, as in a repository of manifests alone, none can be missed.
        if overlay.models and name not in overlay.models:
            there = ", ".join(sorted(overlay.models))
            yield (
                f"{_file(overlay, 'MODEL')}: MODEL names {name!r}, and the image has {there}: name one of these, "
                f"or build and release an image with it: make image push MODELS={name}"
            )


def _file(overlay: Overlay, key: str) -> str:
    """Return the file that sets a setting last."""
    return overlay.file_with(rf"(?<![A-Z_]){key}(?![A-Z_])")

"""Open the estimator of a bundle whose digests were checked, with the modules that it brings."""

from __future__ import annotations

from typing import Any

from model.bundle.files import CODE, PICKLE, Bundle
from model.runtime.estimator import unpickle
from model.runtime.own_modules import make_importable


def open_estimator(bundle: Bundle) -> Any:
    """Return the estimator; its own modules are importable from now on."""
    if CODE in bundle.files:
        make_importable(bundle.manifest.name, bundle.files[CODE])
    return unpickle(bundle.files[PICKLE])

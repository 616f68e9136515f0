"""Whether a service predicts the golden rows of its models as their manifests say."""

from __future__ import annotations

import os
from math import isclose
from typing import Any
from urllib.error import HTTPError

from gitops.cluster.http import fetch_json
from model.bundle.manifest import Manifest

OTHERWISE = "--url names another address, --forward asks each pod through kubectl"
REPEATS = 20
"""Requests to each model: a wrong pod among several is met by one of them."""


def find_wrong_prediction(models: list[Manifest], url: str | None, repeats: int = REPEATS) -> str | None:
    """Return what is wrong with the predictions of a service, or None."""
    if url is None:
        return f"the Service has no external address; {OTHERWISE}"
    try:
        for number in range(repeats):
            for manifest in models:
                if found := _request(manifest, url, number):
                    return found
    except HTTPError as error:
        if error.code in (401, 403):
            return f"{url} wants a key, and takes none that is in API_KEY: set it to one of the environment's keys"
        return f"{url} answers with {error.code}: {error.read(300).decode(errors='replace')}"
    except OSError as error:
        return f"{url} does not answer: {error}; {OTHERWISE}"
    except (ValueError, LookupError, TypeError, AttributeError):
        return f"{url} answers, but not as this service does"
    return None


def _request(manifest: Manifest, url: str, number: int) -> str | None:
    version = fetch_json(f"{url}/readyz")["models"].get(manifest.name)
    if version != manifest.version:
        return f"{manifest.name} is served as {version}, not {manifest.version}"
    rows = [list(row) for row in manifest.golden.rows]
    asked, key = f"{url}/v1/models/{manifest.name}:predict", os.environ.get("API_KEY", "")
    found = fetch_json(asked, {"instances": rows}, key=key)["predictions"]
    if len(found) != len(rows):
        return f"{manifest.name} returns {len(found)} predictions for {len(rows)} golden rows"
    for index, (actual, expected) in enumerate(zip(found, manifest.golden.predict, strict=True)):
        if not _equal(actual, expected):
            return (
                f"{manifest.name} predicts {actual!r} for golden row {index}, not {expected!r} (request {number + 1})"
            )
    return None


def _equal(actual: Any, expected: Any) -> bool:
    if isinstance(actual, list) and isinstance(expected, list | tuple):
        return len(actual) == len(expected) and all(map(_equal, actual, expected))
    if float in (type(actual), type(expected)) and isinstance(actual, int | float):
        return isinstance(expected, int | float) and isclose(actual, expected, rel_tol=1e-5, abs_tol=1e-9)
    return bool(actual == expected)

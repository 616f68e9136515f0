"""The access to a registry that `docker login`, `podman login` or a credential helper has left on this machine."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SECONDS = 20
DOCKER_HUB = {"docker.io", "registry-1.docker.io", "index.docker.io"}


def basic(host: str) -> str | None:
    """Return the user and password for a registry as HTTP sends them, or None if there are none."""
    names = ["https://index.docker.io/v1/", *sorted(DOCKER_HUB)] if host in DOCKER_HUB else [host]
    for file in _files():
        try:
            found = json.loads(file.read_bytes())
        except (OSError, ValueError):
            continue
        for name in names:
            if isinstance(found, dict) and (access := _of(found, name)):
                return access
    return None


def _files() -> Iterator[Path]:
    """Yield where the programs keep it, Docker's own place first."""
    environment, home = os.environ, Path(os.environ.get("HOME") or "/")
    yield Path(environment.get("DOCKER_CONFIG") or home / ".docker") / "config.json"
    if named := environment.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
    if runtime := environment.get("XDG_RUNTIME_DIR"):
        yield Path(runtime) / "containers" / "auth.json"
    yield home / ".config" / "containers" / "auth.json"


def _of(found: Mapping[str, Any], name: str) -> str | None:
    entry = (found.get("auths") or {}).get(name) or {}
    if isinstance(entry, dict) and entry.get("auth"):
        return str(entry["auth"])
    helper = (found.get("credHelpers") or {}).get(name) or found.get("credsStore")
    return _from_helper(str(helper), name) if helper else None


def _from_helper(helper: str, name: str) -> str | None:
    """Ask the program that keeps the passwords; one that has none for this registry fails."""
    try:
        done = subprocess.run(  # noqa: S603
            [f"docker-credential-{helper}", "get"], input=name, capture_output=True, text=True, timeout=SECONDS,
            check=True,
        )  # fmt: skip
        credentials = json.loads(done.stdout)
        return base64.b64encode(f"{credentials['Username']}:{credentials['Secret']}".encode()).decode()
    except (OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError):
        return None

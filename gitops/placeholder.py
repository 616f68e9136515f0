"""The names that stand in the tree until an owner has given their own: no registry and no server has them."""

from __future__ import annotations

from gitops.environments import Environments
from gitops.errors import GitopsError
from gitops.release import UNRELEASED

# RFC 2606 keeps this name from ever being anybody's.
HOST = ".invalid/"
INIT = "python -m gitops init --image REGISTRY/NAME --repo URL"


def problem(environments: Environments) -> str | None:
    """Return what to do if an image or a repository is still to be named."""
    if HOST in environments.image_repository:
        return f"no image is named yet: {INIT}"
    if HOST in environments.repository:
        return f"no repository is named yet: {INIT}"
    return None


def require_owner(environments: Environments) -> None:
    """Refuse a tree that names no image or no repository."""
    if found := problem(environments):
        raise GitopsError(found)


def image_problem(environment: str, image: str) -> str | None:
    """Return what to do before a container's image can be pulled at all."""
    if HOST in image:
        return f"no image is named yet: {INIT}"
    if image.endswith(UNRELEASED):
        return (
            f"{environment} has no release yet: the first environment gets one by `python -m gitops release "
            "TAG@$(cat build/digest)` after `make image push`, each other one by `python -m gitops promote FROM TO`"
        )
    return None

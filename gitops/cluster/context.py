"""Which cluster of the user's kubeconfig is meant."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from kubernetes import config

from gitops.cluster.client import UNREADABLE
from gitops.errors import GitopsError

Confirm = Callable[[str], bool]
"""Asks a question on a terminal; elsewhere the answer is no."""
_PRODUCTION = re.compile(r"(?<![a-z])(prod|production|prd|live)(?![a-z])", re.IGNORECASE)


def choose_context(context: str | None, confirm: Confirm) -> str:
    """Return the context to use; one of several that looks like production is used only on request."""
    try:
        found, active = config.list_kube_config_contexts(os.environ.get("KUBECONFIG"))  # type: ignore[no-untyped-call]
        names, current = [each["name"] for each in found], active["name"]
    except UNREADABLE as error:
        reason = " ".join(str(error).split())[:200]
        raise GitopsError(
            f"no cluster is configured: {reason}; set KUBECONFIG, or start one, for example with `kind create cluster`"
        ) from None
    if context:
        if context not in names:
            raise GitopsError(f"there is no context {context!r} in the kubeconfig; there are {', '.join(names)}")
        return context
    if len(names) > 1 and _PRODUCTION.search(current) and not confirm(f"use {current}, which looks like production?"):
        raise GitopsError(
            f"the current context {current} looks like production: choose one with --context NAME ({', '.join(names)})"
        )
    return str(current)

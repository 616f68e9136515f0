"""Every rule, applied to overlays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from gitops import ledger
from gitops.environments import Environments
from gitops.render.kustomize import kustomization
from gitops.rules.callers import callers_let_in
from gitops.rules.images import exact_images, exact_model_images, no_stray_container, released_image, released_models
from gitops.rules.isolation import as_declared, own_alerts, own_namespace, quota_for_the_service
from gitops.rules.kustomization import plain_kustomize, short_overlay, whole_release
from gitops.rules.numbers import whole_replicas
from gitops.rules.overlay import Overlay
from gitops.rules.pods import hardened
from gitops.rules.probes import answered_probes
from gitops.rules.references import one_owner_of_replicas, selectors
from gitops.rules.resources import possible_resources
from gitops.rules.settings import known_settings, readable_settings, served_models
from gitops.rules.signatures import signed_models

Rules = tuple[Callable[[Overlay], Iterator[str]], ...]
RULES: Rules = (
    short_overlay, plain_kustomize, whole_release, as_declared, own_namespace, exact_images, released_image,
    exact_model_images, released_models, no_stray_container, known_settings, readable_settings, served_models,
    own_alerts, quota_for_the_service, one_owner_of_replicas, whole_replicas, selectors, hardened, possible_resources,
    answered_probes, callers_let_in, signed_models,
)  # fmt: skip

NEEDED_TO_START: Rules = (signed_models,)
"""Without these no pod turns ready."""


def problems(overlays: Iterable[Overlay], rules: Rules = RULES) -> Iterator[str]:
    """Yield every broken rule, one sentence each."""
    for overlay in overlays:
        for rule in rules:
            for problem in rule(overlay):
                yield f"{overlay.name}: {problem}"


def undeclared(root: Path, environments: Environments) -> Iterator[str]:
    """Yield every overlay and ledger without an entry in environments.yaml, and every entry without an overlay."""
    folders = {path.parent.name for path in (root / "overlays").glob("*/kustomization.yaml")}
    for name in sorted(folders - set(environments.names)):
        yield f"{name}: its overlay has no entry in environments.yaml"
    for file in (file for name, file in ledger.files(root).items() if name not in environments.names):
        yield (
            f"{file} is the ledger of no environment: git mv {file} {file.parent}/NAME{ledger.SUFFIX}, if its "
            f"environment has another name now, else git rm {file}"
        )
    for each in kustomization(root).get("resources") or () if (root / "kustomization.yaml").exists() else ():
        if not (root / each).exists():
            yield f"kustomization.yaml includes {each}, which does not exist: kubectl apply -k . fails"
    for name in environments.names:
        if name not in folders:
            yield f"{name}: environments.yaml lists it, but overlays/{name} does not exist"

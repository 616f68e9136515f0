"""Rules about the kustomization files themselves."""

from __future__ import annotations

from collections.abc import Iterator

from gitops.render.kustomize import folders, kustomization
from gitops.render_sources import SHARED
from gitops.rules.overlay import Overlay
from gitops.text_files import read

ORDER = (
    "apiVersion", "kind", "namespace", "labels", "resources", "components", "images", "replicas",
    "configMapGenerator", "patches",
)  # fmt: skip
MAX_LINES = 60
INCLUDING = (
    "bases", "configurations", "crds", "generators", "helmCharts", "openapi", "transformers", "validators",
)  # fmt: skip
DISCOURAGED = ("commonLabels", "namePrefix", "nameSuffix", "patchesJson6902", "patchesStrategicMerge", "vars")


def short_overlay(overlay: Overlay) -> Iterator[str]:
    """Keep an overlay readable: at most 60 lines, its keys in one order."""
    lines = read(overlay.folder / "kustomization.yaml").count("\n")
    if lines > MAX_LINES:
        yield f"the overlay has {lines} lines, at most {MAX_LINES} are allowed; move shared parts into a component"
    keys = list(overlay.kustomization)
    if unknown := [key for key in keys if key not in ORDER]:
        yield f"the overlay may not use {', '.join(unknown)}; it may use {', '.join(ORDER)}"
    elif keys != sorted(keys, key=ORDER.index):
        yield f"the overlay's keys are in another order than {', '.join(ORDER)}"


def plain_kustomize(overlay: Overlay) -> Iterator[str]:
    """Refuse what Kustomize ignores silently, in the overlay and in everything that it includes."""
    for folder in folders(overlay.folder):
        found = kustomization(folder)
        if any("target" in patch for patch in found.get("patches") or ()):
            yield f"{folder.name}: a patch with a target is ignored if it matches nothing; name the object in the patch"
        for key in DISCOURAGED:
            if key in found:
                yield f"{folder.name}: {key} changes selectors or references; use labels, or a patch"
        if any(each.get("includeSelectors") for each in found.get("labels") or ()):
            yield f"{folder.name}: includeSelectors changes selectors, which are immutable"
        options = [found.get("generatorOptions") or {}]
        options += [each.get("options") or {} for each in found.get("configMapGenerator") or ()]
        if any(each.get("disableNameSuffixHash") for each in options):
            yield f"{folder.name}: without the hash in its name a changed ConfigMap reaches no running pod"


def whole_release(overlay: Overlay) -> Iterator[str]:
    """Require that all that is included is the overlay's own, or in the folders that a release brings along."""
    own = overlay.folder.resolve()
    root = own.parents[1]
    homes = (own, *(root / each for each in SHARED))
    for folder in (each.resolve() for each in folders(overlay.folder)):
        if not any(folder.is_relative_to(home) for home in homes):
            place = folder.relative_to(root) if folder.is_relative_to(root) else folder
            yield f"it includes {place}, which no release brings along: move it into base or components, without a link"
        found = kustomization(folder)
        patches = (each["path"] for each in found.get("patches") or () if "path" in each)
        for each in (*(found.get("resources") or ()), *(found.get("components") or ()), *patches):
            if not (folder / each).exists():
                yield f"{folder.name}: it fetches {each}, which no release brings along: copy it to base or components"
        for key in INCLUDING:
            if found.get(key):
                yield f"{folder.name}: {key} may include what no release brings along: use resources and patches"

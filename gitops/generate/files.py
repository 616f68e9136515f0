"""All generated files: their content, which of them are stale, and writing them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from gitops.environments import IN_CLUSTER, Environment, Environments, load
from gitops.errors import GitopsError
from gitops.files import is_current, read, replace
from gitops.generate import argocd, flux, observability, readme, settings_page, verify_account, workflow
from gitops.generate.text import HEADER, kustomization, yaml_text
from gitops.render.kustomize import RenderError
from gitops.render.objects import of_kind
from gitops.rules import overlay
from gitops.rules.overlay import Overlay

Files = dict[Path, str]
CLUSTERS, README = Path("clusters"), Path("README.md")
WORKFLOWS = {
    Path(".github/workflows/promote.yml"): workflow.promoting,
    Path(".github/workflows/release.yml"): workflow.releasing,
}
SETTINGS = Path("docs/settings.md")
# Where a file that is not generated any more may be left over.
PATTERNS = ("clusters/*.yaml", "clusters/*/*.yaml", "overlays/*/alerts.yaml", "rendered/*.yaml")


def sources(root: Path, environments: Environments) -> Files:
    """Return the files that follow from the declarations, without a render."""
    found = dict(observability.files(environments))
    found |= dict(_verify_accounts(environments))
    names = [f"{name}.yaml" for name in environments.names]
    found[CLUSTERS / "argocd" / "project.yaml"] = yaml_text(argocd.project(environments))
    found[CLUSTERS / "argocd" / "kustomization.yaml"] = yaml_text(kustomization(["project.yaml", *names]))
    found[CLUSTERS / "flux" / "source.yaml"] = yaml_text(flux.source(environments))
    found[CLUSTERS / "flux" / "kustomization.yaml"] = yaml_text(kustomization(["source.yaml", *names]))
    for path, updated in WORKFLOWS.items():
        if (root / path).exists():
            try:
                found[path] = updated(read(root / path), environments)
            except GitopsError as error:
                raise GitopsError(f"{path}: {error}") from None
    if (root / SETTINGS).exists():
        found[SETTINGS] = settings_page.page(root)
    return found


def derived(root: Path, environments: Environments, overlays: list[Overlay]) -> Files:
    """Return the files that follow from the renders."""
    found = renders(overlays)
    for each in overlays:
        autoscaled = bool(of_kind(each.objects, "HorizontalPodAutoscaler"))
        application = argocd.application(environments, each.environment, autoscaled=autoscaled)
        found[CLUSTERS / "argocd" / f"{each.name}.yaml"] = yaml_text(application)
        synced = flux.kustomization(environments, each.environment, autoscaled=autoscaled)
        found[CLUSTERS / "flux" / f"{each.name}.yaml"] = yaml_text(synced)
    if (root / README).exists():
        found[README] = readme.updated(read(root / README), overlays)
    return found


def renders(overlays: list[Overlay]) -> Files:
    """Return the render of each environment."""
    return {Path("rendered") / f"{each.name}.yaml": each.rendered for each in overlays}


def _verify_accounts(environments: Environments) -> Iterator[tuple[Path, str]]:
    by_cluster: dict[str, list[Environment]] = defaultdict(list)
    for each in environments.all:
        by_cluster[each.cluster].append(each)
    for cluster, members in by_cluster.items():
        name = "verify.yaml" if cluster == IN_CLUSTER else f"verify-{cluster}.yaml"
        yield (
            CLUSTERS / name,
            yaml_text(*verify_account.account(environments, members), comment=str(verify_account.__doc__)),
        )


def differing(root: Path, files: Files) -> list[Path]:
    """Return which of these files are missing or have another content."""
    return [path for path, text in files.items() if not is_current(root / path, text)]


def leftovers(root: Path, environments: Environments) -> list[Path]:
    """Return generated files of environments that do not exist any more."""
    clusters = {each.cluster for each in environments.all}
    expected = {f"verify-{each}.yaml" for each in clusters} | {"project.yaml", "source.yaml", "kustomization.yaml"}
    expected |= {"verify.yaml"} if IN_CLUSTER in clusters else set()
    expected |= {f"{name}.yaml" for name in environments.names}
    with_slo = {each.name for each in environments.all if each.slo}
    found = []
    for path in (path for pattern in PATTERNS for path in sorted(root.glob(pattern))):
        current = path.parent.name in with_slo if path.name == "alerts.yaml" else path.name in expected
        if not current and (path.parent.name == "rendered" or read(path).startswith(HEADER)):
            found.append(path.relative_to(root))
    return found


def load_all(root: Path, environments: Environments) -> list[Overlay]:
    """Render every environment."""
    return [overlay.load(root, environments, name) for name in environments.names]


def stale(root: Path) -> list[Path]:
    """Return every file that `generate` would write or remove."""
    environments = load(root)
    found = differing(root, sources(root, environments)) + leftovers(root, environments)
    try:
        overlays = load_all(root, environments)
    except RenderError:
        # An overlay may include a file that is still to be generated.
        if found:
            return found
        raise
    return found + differing(root, derived(root, environments, overlays))


def generate(root: Path) -> list[Path]:
    """Write every stale file, remove the leftovers, and return the paths of both."""
    environments = load(root)
    found = _write(root, sources(root, environments))
    for path in (removed := leftovers(root, environments)):
        (root / path).unlink()
    return found + removed + _write(root, derived(root, environments, load_all(root, environments)))


def stale_renders(root: Path) -> list[Path]:
    """Return which files of rendered/ are stale."""
    return differing(root, renders(load_all(root, load(root))))


def write_renders(root: Path) -> list[Path]:
    """Write the stale files of rendered/, and return their paths."""
    return _write(root, renders(load_all(root, load(root))))


def _write(root: Path, files: Files) -> list[Path]:
    found = differing(root, files)
    for path in found:
        replace(root / path, files[path])
    return found

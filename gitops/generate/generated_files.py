"""All generated files: their content, which of them are stale, and writing them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gitops import rendered_files
from gitops.environments import IN_CLUSTER, Environment, Environments, load
from gitops.errors import GitopsError
from gitops.generate import admission, argocd, flux, observability, readme, settings_page, verify_account, workflow
from gitops.generate.yaml_output import HEADER, kustomization, yaml_text
from gitops.render.kustomize import RenderError
from gitops.render.objects import of_kind
from gitops.render_sources import RenderSources
from gitops.repository import Repository
from gitops.rules import overlay
from gitops.rules.overlay import Overlay
from gitops.text_files import is_current, read, replace, with_line_ends_of

Files = dict[Path, str]
CLUSTERS, README = Path("clusters"), Path("README.md")
WORKFLOWS = {
    Path(".github/workflows/promote.yml"): workflow.promoting,
    Path(".github/workflows/release.yml"): workflow.releasing,
}
SETTINGS = Path("docs/settings.md")
# Where a file that is not generated any more may be left over.
PATTERNS = ("clusters/*.yaml", "clusters/*/*.yaml", "overlays/*/alerts.yaml")


def expected_from_declarations(root: Path, environments: Environments) -> Files:
    """Return the files that follow from the declarations, without a render."""
    found = dict(observability.files(environments))
    found |= dict(_by_cluster(environments))
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


def expected_from_renders(root: Path, environments: Environments, overlays: list[Overlay]) -> Files:
    """Return the files that follow from the renders."""
    found: Files = {}
    for each in overlays:
        autoscaled = bool(of_kind(each.objects, "HorizontalPodAutoscaler"))
        application = argocd.application(environments, each.environment, autoscaled=autoscaled)
        found[CLUSTERS / "argocd" / f"{each.name}.yaml"] = yaml_text(application)
        synced = flux.kustomization(environments, each.environment, autoscaled=autoscaled)
        found[CLUSTERS / "flux" / f"{each.name}.yaml"] = yaml_text(synced)
    if (root / README).exists():
        found[README] = readme.updated(read(root / README), overlays)
    return found


def updates(root: Path, environments: Environments, overlays: list[Overlay]) -> Files:
    """Return the new texts of those of these files that the repository has and that are stale."""
    found = expected_from_renders(root, environments, overlays)
    there = [path for path in stale_among(root, found) if (root / path).exists()]
    return {root / path: with_line_ends_of(root / path, found[path]) for path in there}


def _by_cluster(environments: Environments) -> Iterator[tuple[Path, str]]:
    by_cluster: dict[str, list[Environment]] = defaultdict(list)
    for each in environments.all:
        by_cluster[each.cluster].append(each)
    for cluster, members in by_cluster.items():
        end = ".yaml" if cluster == IN_CLUSTER else f"-{cluster}.yaml"
        account = verify_account.account(environments, members)
        yield CLUSTERS / f"verify{end}", yaml_text(*account, comment=str(verify_account.__doc__))
        if guarded := [each for each in members if each.admission]:
            policy = admission.policy(environments, guarded)
            yield CLUSTERS / f"admission{end}", yaml_text(*policy, comment=str(admission.__doc__))


def stale_among(root: Path, files: Files) -> list[Path]:
    """Return which of these files are missing or have another content."""
    return [path for path, text in files.items() if not is_current(root / path, text)]


def leftovers(root: Path, environments: Environments) -> list[Path]:
    """Return generated files of environments that do not exist any more."""
    clusters = {each.cluster for each in environments.all}
    guarded = {each.cluster for each in environments.all if each.admission}
    expected = {"project.yaml", "source.yaml", "kustomization.yaml"}
    for name, places in (("verify", clusters), ("admission", guarded)):
        expected |= {f"{name}.yaml" if each == IN_CLUSTER else f"{name}-{each}.yaml" for each in places}
    expected |= {f"{name}.yaml" for name in environments.names}
    with_slo = {each.name for each in environments.all if each.slo}
    found = []
    for path in (path for pattern in PATTERNS for path in sorted(root.glob(pattern))):
        current = path.parent.name in with_slo if path.name == "alerts.yaml" else path.name in expected
        if not current and read(path).startswith(HEADER):
            found.append(path.relative_to(root))
    return found + rendered_files.leftovers(root, environments.names)


def stale(root: Path) -> list[Path]:
    """Return every file that `generate` would write or remove."""
    environments = load(root)
    found = stale_among(root, expected_from_declarations(root, environments)) + leftovers(root, environments)
    try:
        overlays = _overlays(RenderSources(root, environments))
    except RenderError:
        # An overlay may include a file that is still to be generated.
        if found:
            return found
        raise
    return (
        found + stale_among(root, expected_from_renders(root, environments, overlays)) + stale_renders(root, overlays)
    )


def generate(root: Path, history: Repository | None = None) -> list[Path]:
    """Write every stale file, remove the leftovers, and return the paths of both."""
    environments = load(root)
    found = _write(root, expected_from_declarations(root, environments))
    for path in (removed := leftovers(root, environments)):
        (root / path).unlink()
    overlays = _overlays(RenderSources(root, environments, history))
    found += removed + _write(root, expected_from_renders(root, environments, overlays))
    return found + _write_renders(root, overlays)


def stale_renders(root: Path, overlays: Iterable[Overlay]) -> list[Path]:
    """Return the files of rendered/ that are not what the environments render to."""
    return [path for each in overlays for path in sorted(rendered_files.changes(root, each.name, each.rendered))]


def render(root: Path, names: Sequence[str], *, only_check: bool) -> list[Path]:
    """Write what is stale in rendered/ of these environments, or only look; return the paths."""
    sources = RenderSources(root, load(root))
    wanted = [sources.environments.get(name).name for name in names] or sources.environments.names
    overlays = [overlay.load(sources, name) for name in wanted]
    return stale_renders(root, overlays) if only_check else _write_renders(root, overlays)


def _overlays(sources: RenderSources) -> list[Overlay]:
    return [overlay.load(sources, name) for name in sources.environments.names]


def _write_renders(root: Path, overlays: Iterable[Overlay]) -> list[Path]:
    found = {
        path: text for each in overlays for path, text in rendered_files.changes(root, each.name, each.rendered).items()
    }
    for path, text in found.items():
        if text is None:
            (root / path).unlink()
        else:
            replace(root / path, text)
    return sorted(found)


def _write(root: Path, files: Files) -> list[Path]:
    found = stale_among(root, files)
    for path in found:
        replace(root / path, files[path])
    return found

"""A controller is connected with this repository: its access, what it syncs, the account for verify, the first sync.

Only environments with a release are given to it: another one would ask for an image that does not exist.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from types import ModuleType

from kubernetes.client.exceptions import ApiException

from gitops import placeholder, rendered_files, text_files
from gitops.cluster import preflight, rollout_failures
from gitops.cluster.api_errors import reported
from gitops.cluster.client import Cluster
from gitops.cluster.context import Confirm, choose_context
from gitops.cluster.kubectl import Kubectl
from gitops.cluster.report import Report
from gitops.controllers import flux
from gitops.controllers.access import Access
from gitops.controllers.syncing import CONTROLLERS, FAULT_SECONDS, find_syncing_objects
from gitops.environments import IN_CLUSTER, Environment, Environments, load
from gitops.errors import CheckFailedError, GitopsError
from gitops.release import current_image
from gitops.render.objects import APP, Object, parse
from gitops.render_sources import RenderSources
from gitops.repository import Repository

RIGHTS = "whoever connects a controller needs to write its objects, Secrets and cluster-wide rights"


@dataclass(frozen=True)
class Choices:
    """What a user may choose."""

    controller: str
    context: str | None
    access: Access
    timeout: int


def bootstrap(root: Path, choices: Choices, report: Report, confirm: Confirm) -> None:
    """Connect a controller, and wait until it has applied the newest commit."""
    environments, controller = load(root), CONTROLLERS[choices.controller]
    placeholder.require_owner(environments)
    choices.access.require_suits(environments.repository)
    commit, sources = _pushed(Repository(root.resolve()), environments), RenderSources(root, environments)
    released = [each for each in environments.all if current_image(root, each.name, environments.image).exists]
    if environments.all[0] not in released:
        preflight.require_image(environments.all[0].name, sources.render(environments.all[0].name))
    context = choose_context(choices.context, confirm)
    cluster, kubectl = Cluster(controller.NAMESPACE, context), Kubectl(context)
    with reported(RIGHTS):
        _require_controller(cluster, controller)
        for each in (each for each in released if each.cluster == IN_CLUSTER):
            if lacking := preflight.missing_kinds(cluster, root, each.name, sources.render(each.name)):
                raise GitopsError(f"{lacking}; nothing was applied")
        report.write(f"{controller.NAME} in {context} reads {environments.branch} of {environments.repository}")
        if choices.access.token or choices.access.key:
            _apply(kubectl, [controller.secret(environments, choices.access)], report)
        objects = _objects(root, choices.controller, released)
        name = environments.repository_secret
        if kubectl.run("get", "secret", name, "-n", controller.NAMESPACE).returncode == 0:
            objects = [flux.with_secret(each, name) if each["kind"] == "GitRepository" else each for each in objects]
        _apply(kubectl, [_annotated(each, controller.refresh_annotations()) for each in objects], report)
        for each in released:
            _wait(controller, cluster, each, commit, choices.timeout, report)
        _apply(kubectl, list(_account(root, cluster, environments)), report)
        if any(each.admission and each.cluster == IN_CLUSTER for each in environments.all):
            _apply(kubectl, parse(text_files.read(root / "clusters" / "admission.yaml")), report)
    for line in _next(environments, released, choices.controller):
        report.write(line)


def _pushed(repository: Repository, environments: Environments) -> str:
    """Return the commit that the controller will find."""
    branch = environments.branch
    repository.require_whole()
    repository.require_ready(branch, push=True)
    remote = repository.remote(branch)
    if not remote:
        raise GitopsError(f"this repository has no remote: git remote add origin {environments.repository}")
    if not repository.has_all(remote, branch):
        raise GitopsError(f"{remote} has not the newest commit of {branch}: git push {remote} {branch}")
    return repository.head


def _require_controller(cluster: Cluster, controller: ModuleType) -> None:
    for version, kinds in controller.APIS.items():
        if lacking := kinds - (cluster.kinds(version) or set()):
            raise GitopsError(
                f"{controller.NAME} is not in this cluster: it does not know {', '.join(sorted(lacking))} ({version}); "
                "clusters/README.md has the commands that install it"
            )


def _objects(root: Path, controller: str, released: list[Environment]) -> list[Object]:
    """Return what the controller gets, as git has it."""
    folder = root / "clusters" / controller
    names = (CONTROLLERS[controller].SHARED, *(f"{each.name}.yaml" for each in released))
    return [found for name in names for found in parse(text_files.read(folder / name))]


def _annotated(found: Object, annotations: dict[str, str]) -> Object:
    return found | {"metadata": found["metadata"] | {"annotations": annotations}}


def _apply(kubectl: Kubectl, objects: list[Object], report: Report) -> None:
    """Apply objects by the server: no copy of a Secret is left in an annotation."""
    if not objects:
        return
    report.left = "stopped while it was applied: run it again, parts of it may be missing"
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "objects.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}), encoding="utf-8")
        report.write(kubectl.output("apply", "--server-side", "--force-conflicts", "-f", str(file)).rstrip())


def _wait(
    controller: ModuleType, cluster: Cluster, environment: Environment, commit: str, timeout: float, report: Report
) -> None:
    """Wait until an environment is at a commit; what the controller or a pod cannot get over ends it."""
    report.left = f"stopped: {controller.NAME} goes on by itself; python -m gitops verify {environment.name} shows it"
    folder, end = f"{rendered_files.FOLDER}/{environment.name}", monotonic() + timeout
    pods, previous, since = Cluster(environment.namespace, cluster.context), None, monotonic()
    while True:
        found = next(iter(find_syncing_objects(controller, cluster, environment.namespace, folder)), None)
        if found is None:
            raise CheckFailedError(f"{environment.name}: the object that syncs {folder} was deleted")
        if (problem := controller.sync_problem(found, commit)) is None:
            return report.write(f"{environment.name}: {controller.NAME} has applied {commit[:12]}")
        fault = next(filter(None, map(controller.reported_error, (*_sources(cluster, found), found))), None)
        since, previous = (since if fault == previous else monotonic()), fault
        report.show(f"{environment.name}: {problem}")
        if fault and monotonic() - since > FAULT_SECONDS:
            raise CheckFailedError(f"{environment.name}: {controller.NAME} says: {' '.join(fault.split())[:500]}")
        if environment.cluster == IN_CLUSTER and (reason := _reason(pods)):
            raise CheckFailedError(f"{environment.name}: {reason}")
        if monotonic() > end:
            raise CheckFailedError(f"{environment.name}: not applied within {timeout:.0f} s: {problem}")
        sleep(1)


def _sources(cluster: Cluster, found: Object) -> list[Object]:
    """Return Flux's source of an object; Argo CD's have none of their own."""
    name = found["spec"].get("sourceRef", {}).get("name")
    return [each for each in cluster.custom_objects(*flux.SOURCE_KIND) if each["metadata"]["name"] == name]


def _reason(pods: Cluster) -> str | None:
    """Return why the pods of an environment will not become ready; None while there are none."""
    try:
        return rollout_failures.reason(pods.snapshot(APP, APP))
    except ApiException as error:
        if error.status != 404:
            raise
        return None


def _account(root: Path, cluster: Cluster, environments: Environments) -> Iterator[Object]:
    """Yield verify's account, without rights in namespaces that do not exist yet."""
    absent = {
        each.namespace
        for each in environments.all
        if Cluster(each.namespace, cluster.context).own_namespace() is None
    }  # fmt: skip
    file = root / "clusters" / "verify.yaml"
    yield from (each for each in parse(text_files.read(file)) if each["metadata"].get("namespace") not in absent)


def _next(environments: Environments, released: list[Environment], controller: str) -> Iterator[str]:
    yield f"next: python -m gitops verify {released[0].name}"
    for before, each in zip(environments.all, environments.all[1:], strict=False):
        if each not in released:
            yield (
                f"{each.name} has no release yet: after `python -m gitops promote {before.name} {each.name}` "
                f"run `python -m gitops bootstrap {controller}` again"
            )
            return

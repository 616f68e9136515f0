"""Verify that the cluster runs and answers what git declares for an environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from math import inf
from pathlib import Path
from time import monotonic, sleep
from types import ModuleType

from gitops import models, promotion_gates
from gitops.cluster import forward, rollout_failures, watch
from gitops.cluster.api_errors import reported
from gitops.cluster.client import Cluster, is_ready
from gitops.cluster.kubectl import Kubectl
from gitops.cluster.rollout_failures import Reason
from gitops.controllers.syncing import CONTROLLERS, FAULT_SECONDS, find_syncing_objects
from gitops.environments import Environment, load
from gitops.errors import GitopsError
from gitops.history import History
from gitops.release import Release
from gitops.render.kustomize import render_text
from gitops.render.objects import APP, Object, parse
from gitops.render_sources import RenderSources
from gitops.rendered_files import FOLDER
from gitops.repository import Repository
from gitops.signers import Signers
from gitops.verification import golden_rows, live_diff, slo_check
from model.bundle.manifest import Manifest

Check = Callable[[], str | None]
"""Returns a problem, or None."""
Find = Callable[[], list[Object]]
"""Returns the objects of a controller that sync the environment."""
# Once every pod is the right one, a wrong prediction stays wrong; only the load balancer may lag.
SETTLED = 30.0


@dataclass(frozen=True)
class Expected:
    """What should be true of an environment."""

    environment: Environment
    release: Release
    objects: list[Object]
    models: list[Manifest]
    repository: Repository

    @property
    def folder(self) -> str:
        """Return what a controller syncs."""
        return f"{FOLDER}/{self.environment.name}"

    def is_rendered_at(self, commit: str) -> bool:
        """Return whether a commit has what HEAD has in rendered/ of the environment."""
        wanted, found = (self.repository.git("rev-parse", "-q", "--verify", f"{each}:{self.folder}", check=False)
                         for each in ("HEAD", commit))  # fmt: skip
        return bool(wanted) and wanted == found


@dataclass(frozen=True)
class Result:
    """The outcome of one check."""

    name: str
    problem: str | None = None
    diagnosis: list[str] = field(default_factory=list)
    """What the pods and events show, if the check failed."""


@dataclass(frozen=True)
class Choices:
    """What a user may choose."""

    timeout: float
    url: str | None = None
    """None for the external address of the Service."""
    forward: bool = False
    """Whether each pod is asked through kubectl."""
    prometheus: str | None = None


def verify(expected: Expected, choices: Choices) -> Iterator[Result]:
    """Run the checks in order, and yield the result of each; the first failure is the last result."""
    name = expected.environment.name
    if choices.prometheus and expected.environment.slo is None:
        raise GitopsError(f"{name} has no slo in environments.yaml, so there are no limits for Prometheus")
    cluster = Cluster(expected.environment.namespace)
    with reported("clusters/verify.yaml grants them"):
        for key, controller in CONTROLLERS.items():
            if find_syncing_objects(controller, cluster, cluster.namespace, f"overlays/{name}"):
                raise GitopsError(f"{controller.NAME} syncs overlays/{name} still: python -m gitops bootstrap {key}")
        for title, check, limit in _checks(expected, cluster, choices):
            problem = _wait(check, min(choices.timeout, limit))
            yield Result(title, problem, cluster.diagnosis(APP) if problem else [])
            if problem:
                return


def expect(root: Path, name: str) -> Expected:
    """Return what git declares for an environment now."""
    environments, repository = load(root), Repository(root.resolve())
    repository.require_whole()
    Signers(History(repository)).require(environments.get(name).name)
    environment, sources = environments.get(name), RenderSources(root, environments)
    release, rendered = sources.release(name), render_text(sources.folder(name))
    promotion_gates.require_rendered(root, name, rendered)
    objects, versions = parse(rendered), models.in_release(root, sources.states.values(), release)
    manifests = models.bundle_manifests(repository, versions, models.served(objects))
    return Expected(environment, release, objects, manifests, repository)


def _checks(expected: Expected, cluster: Cluster, choices: Choices) -> Iterator[tuple[str, Check, float]]:
    """Yield each check with its name and its time limit, in the order in which they become true."""
    finds: dict[ModuleType, Find] = {
        each: partial(find_syncing_objects, each, cluster, cluster.namespace, expected.folder)
        for each in CONTROLLERS.values()
    }
    yield f"the cluster has what {expected.folder} says", _Content(expected, cluster, finds), inf
    yield "the rollout is complete", lambda: _rollout(cluster), inf
    yield f"every ready pod runs {expected.release.image}", lambda: _images(cluster, expected.release), inf
    # After the pods: a controller's own judgement waits for them, and gives no reason.
    for controller, find in finds.items():
        if find():
            yield f"{controller.NAME} is in sync", partial(_controller_problem, controller, find, expected), inf
    yield "golden rows are predicted correctly", lambda: _predictions(expected, cluster, choices), SETTLED
    if (address := choices.prometheus) and (slo := expected.environment.slo):
        yield "errors and latency are within the SLO", lambda: slo_check.find_missed_objective(address, slo), SETTLED


@dataclass
class _Content:
    """Whether the cluster has every rendered field; what a controller cannot get over for a while ends the wait."""

    expected: Expected
    cluster: Cluster
    finds: dict[ModuleType, Find]
    since: float | None = None
    """Since when a controller has reported a fault."""

    def __call__(self) -> str | None:
        """Return what the cluster has otherwise than git, and what a controller says of that."""
        if (found := live_diff.find_difference(self.expected.objects, self.cluster)) is None:
            return None
        fault = next((fault for each, find in self.finds.items() if (fault := self._fault(each, find))), None)
        if fault is None:
            self.since = None
            return found
        self.since = self.since or monotonic()
        text = f"{found}; {fault}"
        return Reason(text) if monotonic() - self.since > FAULT_SECONDS else text

    def _fault(self, controller: ModuleType, find: Find) -> str | None:
        """Return what a controller says is wrong, unless that is about an earlier render."""
        for each in find():
            commit = controller.attempted_revision(each)
            if (fault := controller.reported_error(each)) and (commit is None or self.expected.is_rendered_at(commit)):
                return f"{controller.NAME} says: {' '.join(fault.split())[:500]}"
        return None


def _controller_problem(controller: ModuleType, find: Find, expected: Expected) -> str | None:
    """Return why a controller is not done; what it has applied must be this render, or what is gone is still there."""
    if not (found := find()):
        return f"{controller.NAME} does not sync {expected.environment.name} any more"
    for each in found:
        if problem := controller.sync_problem(each):
            return str(problem)
        if not expected.is_rendered_at(commit := str(controller.synced_revision(each))):
            return f"{each['metadata']['name']} is at {commit[:12]}, which has not what {expected.folder} has here"
    return None


def _predictions(expected: Expected, cluster: Cluster, choices: Choices) -> str | None:
    if not choices.forward:
        return golden_rows.find_wrong_prediction(expected.models, choices.url or cluster.address(APP))
    for pod in filter(is_ready, cluster.pods(APP)):
        name, port = pod.metadata.name, pod.spec.containers[0].ports[0].container_port
        with forward.to_pod(Kubectl(), cluster.namespace, name, port) as url:
            if problem := golden_rows.find_wrong_prediction(expected.models, url, repeats=1):
                return f"{name}: {problem}"
    return None


def _wait(check: Check, timeout: float) -> str | None:
    """Repeat a check until it finds no problem, and return the last problem if it does not in time, or never will."""
    end = monotonic() + timeout
    while (problem := check()) is not None:
        if monotonic() > end or isinstance(problem, Reason):
            return problem
        sleep(1)
    return None


def _rollout(cluster: Cluster) -> str | None:
    found = cluster.snapshot(APP, APP)
    problem = watch.missing_replicas(found.deployment)
    return problem and (rollout_failures.reason(found) or problem)


def _images(cluster: Cluster, release: Release) -> str | None:
    for pod in cluster.pods(APP):
        for status in pod.status.container_statuses or []:
            if is_ready(pod) and not status.image_id.endswith(release.digest):
                return f"{pod.metadata.name} runs {status.image_id[-71:]}"
    return None

"""Verify that the cluster runs and answers what git declares for an environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from math import inf
from pathlib import Path
from time import monotonic, sleep
from types import ModuleType

from gitops import ledger, models
from gitops.cluster import argocd, flux, forward, golden, prometheus, reasons, watch
from gitops.cluster.client import Cluster, is_ready
from gitops.cluster.kubectl import Kubectl
from gitops.cluster.reasons import Reason
from gitops.cluster.refusals import reported
from gitops.environments import Environment, load
from gitops.errors import GitopsError
from gitops.release import Release, current
from gitops.render.kustomize import render
from gitops.render.objects import APP, Object
from gitops.repository import Repository
from model.bundle.manifest import Manifest

Check = Callable[[], str | None]
"""Returns a problem, or None."""
# Once every pod is the right one, a wrong prediction stays wrong; only the load balancer may lag.
SETTLED = 30.0


@dataclass(frozen=True)
class Expected:
    """What should be true of an environment."""

    environment: Environment
    release: Release
    commit: str
    models: list[Manifest]


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


def verify(root: Path, name: str, choices: Choices) -> Iterator[Result]:
    """Run the checks in order, and yield the result of each; the first failure is the last result."""
    expected = _expected(root, name)
    if choices.prometheus and expected.environment.slo is None:
        raise GitopsError(f"{name} has no slo in environments.yaml, so there are no limits for Prometheus")
    cluster = Cluster(expected.environment.namespace)
    with reported("clusters/verify.yaml grants them"):
        for title, check, limit in _checks(expected, cluster, choices):
            problem = _wait(check, min(choices.timeout, limit))
            yield Result(title, problem, cluster.diagnosis(APP) if problem else [])
            if problem:
                return


def _expected(root: Path, name: str) -> Expected:
    environments, repository = load(root), Repository(root.resolve())
    repository.require_whole()
    environment = environments.get(name)
    release = current(root, name, environments.image)
    states = ledger.states(root, environments.names)
    versions = models.in_image(root, states.values(), release.digest)
    manifests = models.manifests(repository, versions, models.served(render(root / "overlays" / name)))
    return Expected(environment, release, repository.head, manifests)


def _checks(expected: Expected, cluster: Cluster, choices: Choices) -> Iterator[tuple[str, Check, float]]:
    """Yield each check with its name and its time limit, in the order in which they become true."""
    yield from _controller_checks(expected, cluster)
    yield "the rollout is complete", lambda: _rollout(cluster), inf
    yield f"every ready pod runs {expected.release}", lambda: _images(cluster, expected.release), inf
    yield "golden rows are predicted correctly", lambda: _predictions(expected, cluster, choices), SETTLED
    if (address := choices.prometheus) and (slo := expected.environment.slo):
        yield "errors and latency are within the SLO", lambda: prometheus.problem(address, slo), SETTLED


def _controller_checks(expected: Expected, cluster: Cluster) -> Iterator[tuple[str, Check, float]]:
    folder = f"overlays/{expected.environment.name}"
    for controller in (argocd, flux):
        find = partial(_synced, controller, cluster, folder)
        if find():
            name = f"{controller.NAME} has applied {expected.commit[:12]}"
            yield name, partial(_controller_problem, controller, find, expected.commit), inf


def _synced(controller: ModuleType, cluster: Cluster, folder: str) -> list[Object]:
    """Return the controller's objects that sync this folder."""
    found = cluster.custom_objects(*controller.KIND)
    return [each for each in found if (controller.path(each) or "").strip("./") == folder]


def _controller_problem(controller: ModuleType, find: Callable[[], list[Object]], commit: str) -> str | None:
    found = find()
    problems = (controller.problem(each, commit) for each in found)
    return next(filter(None, problems), None) if found else f"{controller.NAME} does not sync the environment any more"


def _predictions(expected: Expected, cluster: Cluster, choices: Choices) -> str | None:
    if not choices.forward:
        return golden.problem(expected.models, choices.url or cluster.address(APP))
    for pod in filter(is_ready, cluster.pods(APP)):
        name, port = pod.metadata.name, pod.spec.containers[0].ports[0].container_port
        with forward.to_pod(Kubectl(), cluster.namespace, name, port) as url:
            if problem := golden.problem(expected.models, url, repeats=1):
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
    problem = watch.incomplete(found.deployment)
    return problem and (reasons.reason(found) or problem)


def _images(cluster: Cluster, release: Release) -> str | None:
    for pod in cluster.pods(APP):
        for status in pod.status.container_statuses or []:
            if is_ready(pod) and not status.image_id.endswith(release.digest):
                return f"{pod.metadata.name} runs {status.image_id[-71:]}"
    return None

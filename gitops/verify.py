"""Ask whether an environment really runs and answers what git says: each check a sentence when it is not so."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import inf, isclose
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlencode

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from gitops.cluster import Cluster, ready
from gitops.errors import GitopsError
from gitops.models import manifests, served
from gitops.moves import Mover
from gitops.render import APP, Object, of_kind, render
from gitops.repo import Repo
from gitops.stages import load
from gitops.version import Version, running
from model.bundle.manifest import Manifest

ANSWERS = 20
# Once every pod is the right one, an answer that is wrong stays wrong; only the way to the pods may lag.
SETTLED = 30.0
Check = Callable[[], str | None]


class VerifyError(GitopsError):
    """An environment that is not what git says."""


@dataclass(frozen=True)
class Wanted:
    """What should be true."""

    environment: str
    version: Version
    commit: str
    objects: list[Object]
    models: list[Manifest]

    @property
    def namespace(self) -> str:
        """Return where it runs."""
        return str(of_kind(self.objects, "Namespace")[0]["metadata"]["name"])


def verified(
    root: Path, environment: str, timeout: float, url: str | None, prometheus: str | None, say: Callable[[str], None]
) -> str | None:
    """Run every check, and return in a sentence what is wrong, with what the pods say of it; None if nothing is."""
    stages = load(root)
    stages.place(environment)
    objects = render(root / "overlays" / environment)
    version = running(root, environment, stages.image)
    repo = Repo(root.resolve())
    models = manifests(repo, Mover(repo, stages).models(version.digest), served(objects))
    wanted = Wanted(environment, version, repo.head, objects, models)
    cluster = Cluster(wanted.namespace)
    try:
        for name, check, patience in checks(wanted, cluster, url, prometheus):
            try:
                wait(check, min(timeout, patience))
            except VerifyError as error:
                return "\n  ".join([f"{name}: no: {error}", *cluster.why(APP)])
            say(f"{name}: yes")
    except (ApiException, HTTPError) as error:
        raise GitopsError(_refused(error)) from None
    return None


def _refused(error: ApiException | HTTPError) -> str:
    """Say what the cluster said, or that it said nothing."""
    if isinstance(error, ApiException) and error.status in (401, 403):
        told = json.loads(error.body or "{}").get("message", error.reason)
        return f"the cluster does not let this account look: {told}; clusters/verify.yaml holds what it needs"
    said = getattr(error, "reason", None) or error
    return f"the cluster does not answer: {' '.join(str(said).split())[:200]}"


def checks(
    wanted: Wanted, cluster: Cluster, url: str | None, prometheus: str | None
) -> Iterator[tuple[str, Check, float]]:
    """Give every check by name and the seconds to wait for it, in the order in which things come true."""
    for kind, found in cluster.controllers(f"overlays/{wanted.environment}"):
        check = partial(_controller, kind, cluster, wanted, found["metadata"]["name"])
        yield f"{kind} took {wanted.commit[:12]}", check, inf
    yield "the rollout is complete", lambda: _rollout(cluster), inf
    yield f"every ready pod runs {wanted.version}", lambda: _images(cluster, wanted.version), inf
    yield "golden rows are answered rightly", lambda: _golden(wanted, url or cluster.address(APP)), SETTLED
    if prometheus:
        yield "errors and latency are low", lambda: measured(prometheus, wanted.namespace), SETTLED


def wait(check: Check, timeout: float) -> None:
    """Wait until a check finds nothing wrong, or say what it found last."""
    end = monotonic() + timeout
    while (said := check()) is not None:
        if monotonic() > end:
            raise VerifyError(said)
        sleep(1)


def _controller(kind: str, cluster: Cluster, wanted: Wanted, name: str) -> str | None:
    found = next(
        item for each, item in cluster.controllers(f"overlays/{wanted.environment}")
        if each == kind and item["metadata"]["name"] == name
    )  # fmt: skip
    status = found.get("status") or {}
    if kind == "Argo CD":
        sync = status.get("sync") or {}
        health = (status.get("health") or {}).get("status")
        if sync.get("revision") != wanted.commit:
            return f"{name} is at {str(sync.get('revision'))[:12]}, not {wanted.commit[:12]}"
        phase = (status.get("operationState") or {}).get("phase")
        if (sync.get("status"), phase, health) != ("Synced", "Succeeded", "Healthy"):
            return f"{name} is {sync.get('status')}, its operation {phase}, its health {health}"
        return None
    if not str(status.get("lastAppliedRevision")).endswith(wanted.commit):
        return f"{name} has applied {status.get('lastAppliedRevision')}, not {wanted.commit[:12]}"
    conditions = [each for each in status.get("conditions") or [] if each["type"] == "Ready"]
    if status.get("observedGeneration") != found["metadata"].get("generation") or not conditions:
        return f"{name} has not looked at its newest form yet"
    return None if conditions[0]["status"] == "True" else f"{name} is not ready: {conditions[0].get('message')}"


def _rollout(cluster: Cluster) -> str | None:
    found = cluster.deployment(APP)
    status, count = found.status, found.spec.replicas
    if (status.observed_generation or 0) < found.metadata.generation:
        return "the Deployment's newest form has not been looked at"
    numbers = {"updated": status.updated_replicas, "available": status.available_replicas, "there": status.replicas}
    wrong = [f"{number or 0} {name}" for name, number in numbers.items() if (number or 0) != count]
    return f"{count} pods are wanted: {', '.join(wrong)}" if wrong else None


def _images(cluster: Cluster, version: Version) -> str | None:
    for pod in cluster.pods(APP):
        for status in pod.status.container_statuses or []:
            if ready(pod) and not status.image_id.endswith(version.digest):
                return f"{pod.metadata.name} runs {status.image_id[-71:]}"
    return None


def ask(url: str, body: Any = None) -> Any:
    """Ask a service on a connection of its own."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, {"Content-Type": "application/json", "Connection": "close"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.loads(answer.read())


def _golden(wanted: Wanted, url: str | None) -> str | None:
    if url is None:
        return "the Service has no external address; --url names another way in"
    try:
        for number in range(ANSWERS):
            for model in wanted.models:
                if said := _one_answer(model, url, number):
                    return said
    except (OSError, ValueError, KeyError) as error:
        return f"{url} does not answer: {error}"
    return None


def _one_answer(manifest: Manifest, url: str, number: int) -> str | None:
    versions = ask(f"{url}/readyz")["models"]
    if versions.get(manifest.name) != manifest.version:
        return f"{manifest.name} is served as {versions.get(manifest.name)}, not {manifest.version}"
    rows = [list(row) for row in manifest.golden.rows]
    found = ask(f"{url}/v1/models/{manifest.name}:predict", {"instances": rows})["predictions"]
    for place, (one, other) in enumerate(zip(found, manifest.golden.predict, strict=True)):
        if not _same(one, other):
            return f"{manifest.name} answers golden row {place} with {one!r}, not {other!r} (answer {number + 1})"
    return None


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list | tuple):
        return all(map(_same, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return isclose(one, other, rel_tol=1e-5, abs_tol=1e-9)
    return bool(one == other)


def measured(url: str, namespace: str) -> str | None:
    """Ask Prometheus for errors and latency, and say which is too high."""
    of = f'namespace="{namespace}",route!="unmatched"'
    bad = f'{of},http_status=~"5.."'
    queries = {
        "errors": (f"sum(rate(request_count_total{{{bad}}}[5m])) / sum(rate(request_count_total{{{of}}}[5m]))", 0.01),
        "p95": (f"histogram_quantile(0.95, sum by (le) (rate(request_latency_seconds_bucket{{{of}}}[5m])))", 0.25),
    }  # fmt: skip
    for name, (query, most) in queries.items():
        try:
            found = ask(f"{url.rstrip('/')}/api/v1/query?{urlencode({'query': query})}")["data"]["result"]
        except (urllib.error.URLError, ValueError, KeyError) as error:
            return f"Prometheus does not answer: {error}"
        value = float(found[0]["value"][1]) if found else 0.0
        if value > most:
            return f"{name}: {value:.3f} is more than {most}"
    return None

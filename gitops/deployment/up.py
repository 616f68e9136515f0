"""From a working tree to the first answer of a cluster, and away again.

Neither writes into a tracked file: the image is pinned in a rendering of its own, so that `git status` stays as it was.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import yaml

from gitops import builder, models
from gitops.cluster import forward, preflight
from gitops.cluster.api_errors import reported
from gitops.cluster.client import Cluster
from gitops.cluster.context import Confirm, choose_context
from gitops.cluster.http import fetch_json
from gitops.cluster.kubectl import Kubectl
from gitops.cluster.report import Report
from gitops.deployment import deploy, image
from gitops.deployment.image import Pinned
from gitops.environments import load
from gitops.errors import CheckFailedError, GitopsError
from gitops.release import image_name
from gitops.render.kustomize import render, render_text
from gitops.render.objects import APP, Object, of_kind, parse
from gitops.verification import golden_rows
from model.bundle.files import read
from model.bundle.manifest import Manifest
from model.user_error import UserError

ADDRESS_SECONDS = 30
REACHABLE_SECONDS = 6
BUILD_SETTINGS = ("MODELS", "TARGET", "EXTRAS", "PLATFORM")


@dataclass(frozen=True)
class Choices:
    """What a user may choose."""

    environment: str
    context: str | None = None
    image: str = APP
    builder: str | None = None
    load: str | None = None
    timeout: int = 180


def up(root: Path, choices: Choices, report: Report, confirm: Confirm) -> None:
    """Build, bring to the cluster, apply, wait, and ask."""
    start = monotonic()
    folder = overlay(root, choices.environment)
    objects = render(folder)
    manifests = _served(root, objects)
    name = image.named(choices.image)
    if load(root).get(choices.environment).admission and name != load(root).image_repository:
        raise GitopsError(
            f"{choices.environment} lets only pushed images run (admission in environments.yaml): "
            f"make up IMAGE={load(root).image_repository}"
        )
    context = choose_context(choices.context, confirm)
    cluster = Cluster(deploy.namespace_of(objects), context)
    preflight.require(cluster, folder, objects)
    with reported(deploy.RIGHTS):
        nodes = cluster.nodes()
    preflight.require_platform(nodes, os.environ.get("PLATFORM"))
    tool = builder.require(choices.builder) if choices.builder else builder.find()
    report.write(f"{choices.environment}: namespace {cluster.namespace}, context {context}, builder {tool}")
    pinned = _brought(root, name, choices, tool, (context, nodes), report)
    kubectl = Kubectl(context)
    with tempfile.TemporaryDirectory() as place:
        rendered = render_with_image(Path(place), root, choices.environment, pinned)
        file = Path(place) / "rendered.yaml"
        file.write_text(rendered, encoding="utf-8")
        deploy.apply(kubectl, file, report, choices.timeout)
    deploy.wait(cluster, parse(rendered), report, choices.timeout)
    url = _reachable(root, cluster, kubectl, objects, report)
    if problem := golden_rows.find_wrong_prediction(manifests, url):
        raise CheckFailedError(f"the pods are ready, but {problem}")
    report.write("golden rows are predicted correctly")
    report.write(_example(url, manifests[0]))
    report.write(f"{monotonic() - start:.1f} s")


def overlay(root: Path, environment: str) -> Path:
    """Return the overlay of an environment, which must be declared."""
    return root / "overlays" / load(root).get(environment).name


def _served(root: Path, objects: list[Object]) -> list[Manifest]:
    """Return the manifests of the models that the environment serves, as they are in the working tree."""
    try:
        return [read(root / models.BUNDLES, name).manifest for name in models.served(objects)]
    except UserError as error:
        raise GitopsError(str(error)) from None


def _brought(
    root: Path, name: str, choices: Choices, tool: str, cluster: tuple[str, list[Object]], report: Report
) -> Pinned:
    """Build the image, and return it as the cluster can run it."""
    settings = {key: os.environ[key] for key in BUILD_SETTINGS if key in os.environ}
    pinned = Pinned(name, image.tag(root, settings))
    way = None if "/" in choices.image else image.loader(*cluster, tool, choices.load)
    image.build(root, tool, pinned, report.show)
    report.write(f"built {pinned}")
    if way is None:
        report.show(f"pushes {pinned}")
        pinned = image.push(root, tool, pinned)
        report.write(f"pushed {pinned}")
    else:
        report.show(f"loads {pinned} into {way.cluster}")
        image.load(root, tool, pinned, way)
        report.write(f"loaded {pinned} into {way.cluster}")
    return pinned


def render_with_image(place: Path, root: Path, environment: str, pinned: Pinned) -> str:
    """Render an environment with another image, in a folder outside the repository."""
    entry: Object = {
        "name": image_name(root, environment, load(root).image),
        "newName": pinned.name,
        "newTag": pinned.tag,
    }
    page: Object = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
        "resources": [os.path.relpath((root / "overlays" / environment).resolve(), place.resolve())],
        "images": [entry | ({"digest": pinned.digest} if pinned.digest else {})],
    }  # fmt: skip
    if not pinned.digest:
        # What is on the nodes alone is never looked for elsewhere.
        container = {"name": APP, "imagePullPolicy": "IfNotPresent"}
        patch = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": APP},
                 "spec": {"template": {"spec": {"containers": [container]}}}}  # fmt: skip
        page["patches"] = [{"patch": yaml.safe_dump(patch), "target": {"kind": "Deployment", "name": APP}}]
    (place / "kustomization.yaml").write_text(yaml.safe_dump(page), encoding="utf-8")
    rendered = render_text(place)
    if str(pinned) not in rendered:
        raise GitopsError(f"overlays/{environment} does not let its image be replaced: python -m gitops check says why")
    return rendered


def _reachable(root: Path, cluster: Cluster, kubectl: Kubectl, objects: list[Object], report: Report) -> str:
    """Return an address at which the service answers this machine."""
    (service,) = (each for each in of_kind(objects, "Service") if each["metadata"]["name"] == APP)
    why = "the Service asks for no external address"
    if service["spec"].get("type") == "LoadBalancer":
        report.show("waits for an external address")
        with reported(deploy.RIGHTS):
            found = _until(ADDRESS_SECONDS, lambda: cluster.address(APP))
        why = f"the cluster gave no external address within {ADDRESS_SECONDS} s"
        if found:
            report.show(f"asks {found}")
            # Where the last `up` needed a port-forward, one try shows whether that has changed.
            seconds = 0 if forward.is_running(root, cluster.namespace) else REACHABLE_SECONDS
            if _until(seconds, lambda: _answers(found)):
                forward.stop(root, cluster.namespace)
                report.write(f"{APP} is at {found}")
                return found
            why = f"{found} cannot be reached from this machine"
    url = forward.start(root, kubectl, cluster.namespace, APP, service["spec"]["ports"][0]["port"])
    if not _until(REACHABLE_SECONDS, lambda: _answers(url)):
        raise CheckFailedError(f"{url}, a port-forward, does not answer: kubectl -n {cluster.namespace} get pods")
    report.write(f"{why}: a port-forward to {url} runs in the background until make down, or the next make up")
    return url


def _answers(url: str) -> str | None:
    try:
        fetch_json(f"{url}/readyz", timeout=2)
    except (OSError, ValueError):
        return None
    return url


def _until(seconds: float, check: Callable[[], str | None]) -> str | None:
    end = monotonic() + seconds
    while (found := check()) is None and monotonic() < end:
        sleep(0.5)
    return found


def _example(url: str, manifest: Manifest) -> str:
    """Return a request to copy, and its answer."""
    path, body = f"{url}/v1/models/{manifest.name}:predict", {"instances": [list(manifest.golden.rows[0])]}
    text = json.dumps(body).replace("'", "'\\''")
    return f"curl {path} -d '{text}'\n{json.dumps(fetch_json(path, body))}"


def down(root: Path, environment: str, context: str | None, report: Report, confirm: Confirm) -> None:
    """Remove an environment with its namespace, if it is ours and holds nothing else."""
    objects = render(overlay(root, environment))
    context = choose_context(context, confirm)
    cluster = Cluster(deploy.namespace_of(objects), context)
    space = cluster.namespace
    with reported(deploy.RIGHTS):
        existing = cluster.own_namespace()
        if existing:
            preflight.require_ours(existing, objects)
            _require_nothing_else(cluster)
    if forward.stop(root, space):
        report.write("ended the port-forward")
    if existing is None:
        report.write(f"nothing to do: there is no namespace {space}")
        return
    report.left = f"stopped: the namespace {space} is being deleted, and the cluster goes on by itself"
    report.show(f"deletes the namespace {space}, and waits until its pods have ended")
    Kubectl(context).output("delete", "namespace", space, "--wait", "--timeout=170s", timeout=180)
    report.write(f"removed {environment}: the namespace {space} and all in it")


def _require_nothing_else(cluster: Cluster) -> None:
    for pod in cluster.all_pods():
        if (pod["metadata"].get("labels") or {}).get("app.kubernetes.io/part-of") != APP:
            raise GitopsError(
                f"the pod {pod['metadata']['name']} in {cluster.namespace} is not of {APP}, and would go with the "
                "namespace: remove it first; nothing was removed"
            )


def require_first(root: Path, environment: str, confirm: Confirm) -> None:
    """Ask before something that was verified nowhere goes to a later environment."""
    before = load(root).index(environment)
    if before and not confirm(f"{environment} is not the first environment: change it without a promotion?"):
        raise GitopsError(
            f"{environment} gets its releases by `python -m gitops promote`: give --yes to go around that"
        )

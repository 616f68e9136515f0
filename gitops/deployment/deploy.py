"""Deploy one environment to a cluster: show the changes, confirm, apply, wait."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from gitops.cluster import preflight, watch
from gitops.cluster.api_errors import of_kubectl, reported
from gitops.cluster.client import Cluster
from gitops.cluster.kubectl import Kubectl
from gitops.cluster.report import Report
from gitops.errors import CheckFailedError, GitopsError
from gitops.render.kustomize import render_text
from gitops.render.objects import Object, of_kind, parse

RIGHTS = "kubectl auth can-i --list shows what it may do"


def namespace_of(objects: list[Object]) -> str:
    """Return the namespace of the service."""
    return next(str(each["metadata"]["namespace"]) for each in of_kind(objects, "Deployment"))


def pending(kubectl: Kubectl, file: Path, objects: list[Object]) -> str:
    """Return what applying a file would change; without its namespace, everything is new."""
    namespaces = [each["metadata"]["name"] for each in of_kind(objects, "Namespace")]
    if any(kubectl.run("get", "namespace", each).returncode for each in namespaces):
        return "".join(f"+ {each['kind']} {each['metadata']['name']}\n" for each in objects)
    done = kubectl.run("diff", "-f", str(file))
    if done.returncode > 1:
        raise GitopsError(of_kubectl("diff", done.stderr))
    return done.stdout


def deploy(
    folder: Path, choose: Callable[[], str], report: Report, confirm: Callable[[], bool], timeout: int
) -> None:  # fmt: skip
    """Apply an environment after its changes are confirmed, wait for its pods, and write its address.

    choose returns the context; it is called once it is clear that there is something to apply.
    """
    rendered = render_text(folder)
    objects = parse(rendered)
    preflight.require_image(folder.name, objects)
    context = choose()
    kubectl = Kubectl(context)
    cluster = Cluster(namespace_of(objects), context)
    preflight.require(cluster, folder, objects)
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "rendered.yaml"
        file.write_text(rendered, encoding="utf-8")
        if changes := pending(kubectl, file, objects):
            report.write(changes)
            if not confirm():
                raise GitopsError("not confirmed: nothing was applied")
            apply(kubectl, file, report, timeout)
        else:
            report.write(f"{folder.name}: nothing to do, the cluster is up to date")
    wait(cluster, objects, report, timeout)
    for each in of_kind(objects, "Service"):
        report.write(_address(kubectl, each))


def apply(kubectl: Kubectl, file: Path, report: Report, timeout: float) -> None:
    """Apply a file."""
    report.left = "stopped while it was applied: apply it again, parts of it may be missing"
    report.write(kubectl.output("apply", "-f", str(file), timeout=timeout + 10).rstrip())


def wait(cluster: Cluster, objects: list[Object], report: Report, timeout: float) -> None:
    """Wait for the pods of each Deployment; a reason why they never will be ready ends it at once."""
    space = cluster.namespace
    report.left = (
        f"stopped: everything is applied, and the cluster goes on by itself; kubectl -n {space} get pods shows it"
    )
    for each in of_kind(objects, "Deployment"):
        name = each["metadata"]["name"]
        app = str(each["spec"]["selector"]["matchLabels"].get("app", name))
        with reported(RIGHTS):
            problem = watch.rollout(cluster, name, app, timeout, report.show)
        if problem:
            raise CheckFailedError(f"{name} in {space}: {problem}")
        report.write(f"{name}: all pods are ready")


def _address(kubectl: Kubectl, service: Object) -> str:
    """Return one line that says how to reach a Service."""
    namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
    port = service["spec"]["ports"][0]["port"]
    if service["spec"].get("type") != "LoadBalancer":
        return f"{name} has no external address: kubectl -n {namespace} port-forward svc/{name} {port}"
    condition = "--for=jsonpath={.status.loadBalancer.ingress}"
    command = ("wait", f"service/{name}", "-n", namespace, condition, "--timeout=60s")
    if kubectl.run(*command, timeout=70).returncode:
        return (
            f"{name} got no external address within a minute, as in a cluster without a load balancer: "
            f"kubectl -n {namespace} port-forward svc/{name} {port}"
        )
    path = "{.status.loadBalancer.ingress[0]['ip','hostname']}"
    address = kubectl.output("get", "service", name, "-n", namespace, "-o", f"jsonpath={path}").strip()
    return f"{name} is at {address}: curl http://{address}:{port}/openapi.json"

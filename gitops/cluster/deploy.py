"""Deploy one environment to the cluster that kubectl points to: show the changes, confirm, apply, wait."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from gitops import process
from gitops.errors import GitopsError
from gitops.render.kustomize import render
from gitops.render.objects import Object, of_kind

Write = Callable[[str], None]


def kubectl(*args: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run kubectl, and return its output and exit code."""
    try:
        return process.run("kubectl", *args, timeout=timeout)
    except FileNotFoundError:
        raise GitopsError("kubectl is not installed: install it, and point it to a cluster") from None
    except subprocess.TimeoutExpired:
        raise GitopsError(f"kubectl {args[0]} did not end within {timeout:.0f} s") from None


def output(*args: str, timeout: float = 60) -> str:
    """Run kubectl and return its output; a failure is an error."""
    done = kubectl(*args, timeout=timeout)
    if done.returncode:
        raise GitopsError(f"kubectl {args[0]}: {' '.join(done.stderr.split())[:500]}")
    return done.stdout


def pending(folder: Path, objects: list[Object]) -> str:
    """Return what applying a folder would change; without its namespace, everything is new."""
    namespaces = [each["metadata"]["name"] for each in of_kind(objects, "Namespace")]
    if any(kubectl("get", "namespace", each).returncode for each in namespaces):
        return "".join(f"+ {each['kind']} {each['metadata']['name']}\n" for each in objects)
    done = kubectl("diff", "-k", str(folder))
    if done.returncode > 1:
        raise GitopsError(f"kubectl diff: {' '.join(done.stderr.split())[:500]}")
    return done.stdout


def deploy(folder: Path, write: Write, confirm: Callable[[], bool], timeout: int) -> None:
    """Apply an environment after its changes are confirmed, wait for its pods, and write its address."""
    objects = render(folder)
    changes = pending(folder, objects)
    if changes:
        write(changes)
        if not confirm():
            raise GitopsError("not confirmed: nothing was applied")
        write(output("apply", "-k", str(folder), timeout=timeout))
    else:
        write(f"{folder.name}: nothing to do, the cluster is up to date\n")
    for each in of_kind(objects, "Deployment"):
        namespace, name = each["metadata"]["namespace"], each["metadata"]["name"]
        wait = ("rollout", "status", f"deployment/{name}", "-n", namespace, f"--timeout={timeout}s")
        write(output(*wait, timeout=timeout + 10))
    for each in of_kind(objects, "Service"):
        write(_address(each))


def _address(service: Object) -> str:
    """Return one line that says how to reach a Service."""
    namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
    port = service["spec"]["ports"][0]["port"]
    if service["spec"].get("type") != "LoadBalancer":
        return f"{name} has no external address: kubectl -n {namespace} port-forward svc/{name} {port}\n"
    condition = "--for=jsonpath={.status.loadBalancer.ingress}"
    wait = ("wait", f"service/{name}", "-n", namespace, condition, "--timeout=60s")
    if kubectl(*wait, timeout=70).returncode:
        return f"{name} got no external address within a minute: kubectl -n {namespace} describe service {name}\n"
    path = "{.status.loadBalancer.ingress[0]['ip','hostname']}"
    address = output("get", "service", name, "-n", namespace, "-o", f"jsonpath={path}").strip()
    return f"{name} is at {address}: curl http://{address}:{port}/openapi.json\n"

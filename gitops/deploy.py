"""Bring one environment to the cluster that kubectl points to: shown first, asked, applied, awaited."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from gitops.errors import GitopsError
from gitops.render import Object, of_kind, render

Say = Callable[[str], None]


def kubectl(*args: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Ask the cluster, and return whatever it says."""
    try:
        return subprocess.run(  # noqa: S603
            ["kubectl", *args], capture_output=True, text=True, check=False, timeout=timeout  # noqa: S607
        )  # fmt: skip
    except FileNotFoundError:
        raise GitopsError("kubectl is not here: install it, and point it to a cluster") from None
    except subprocess.TimeoutExpired:
        raise GitopsError(f"kubectl {args[0]} did not answer within {timeout:.0f} s") from None


def must(*args: str, timeout: float = 60) -> str:
    """Ask the cluster, and return what it printed, or say what it said against it."""
    done = kubectl(*args, timeout=timeout)
    if done.returncode:
        raise GitopsError(f"kubectl {args[0]}: {' '.join(done.stderr.split())[:500]}")
    return done.stdout


def difference(folder: Path, objects: list[Object]) -> str:
    """Return what applying this folder would change; everything is new where there is no namespace yet."""
    namespaces = [each["metadata"]["name"] for each in of_kind(objects, "Namespace")]
    if any(kubectl("get", "namespace", each).returncode for each in namespaces):
        return "".join(f"+ {each['kind']} {each['metadata']['name']}\n" for each in objects)
    done = kubectl("diff", "-k", str(folder))
    if done.returncode > 1:
        raise GitopsError(f"kubectl diff: {' '.join(done.stderr.split())[:500]}")
    return done.stdout


def deploy(folder: Path, say: Say, confirm: Callable[[], bool], timeout: int) -> None:
    """Apply an environment after showing what that changes, wait for its pods, and say how to ask them."""
    objects = render(folder)
    changed = difference(folder, objects)
    if changed:
        say(changed)
        if not confirm():
            return
        say(must("apply", "-k", str(folder), timeout=timeout))
    else:
        say(f"{folder.name}: the cluster has this already\n")
    for each in of_kind(objects, "Deployment"):
        place, name = each["metadata"]["namespace"], each["metadata"]["name"]
        say(must("rollout", "status", f"deployment/{name}", "-n", place, f"--timeout={timeout}s", timeout=timeout + 10))
    for each in of_kind(objects, "Service"):
        say(_how_to_ask(each))


def _how_to_ask(service: Object) -> str:
    place, name = service["metadata"]["namespace"], service["metadata"]["name"]
    port = service["spec"]["ports"][0]["port"]
    if service["spec"].get("type") != "LoadBalancer":
        return f"{name} has no address outside: kubectl -n {place} port-forward svc/{name} {port}\n"
    wait = ("wait", f"service/{name}", "-n", place, "--for=jsonpath={.status.loadBalancer.ingress}", "--timeout=60s")
    if kubectl(*wait, timeout=70).returncode:
        return f"{name} got no external address within a minute: kubectl -n {place} describe service {name}\n"
    path = "{.status.loadBalancer.ingress[0]['ip','hostname']}"
    address = must("get", "service", name, "-n", place, "-o", f"jsonpath={path}").strip()
    return f"{name} is at {address}; what it takes: curl http://{address}:{port}/openapi.json\n"

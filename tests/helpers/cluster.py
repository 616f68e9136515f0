"""A real cluster, wherever KUBECONFIG points; without one these tests are skipped.

E2E_EXEC is a command that runs another one where the Services' addresses can be reached, and E2E_FORWARD one that opens
a port here that leads to such an address; E2E_PUSH is the registry that images are pushed to, E2E_IMAGE the name under
which the cluster finds them there, and E2E_INSIDE the address of the Git server as the cluster sees it.
"""

import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from tests.helpers.waiting import until

ROOT = Path(__file__).parents[2]
EXEC = shlex.split(os.environ.get("E2E_EXEC", ""))
FORWARD = shlex.split(os.environ.get("E2E_FORWARD", ""))
PUSH = os.environ.get("E2E_PUSH", "localhost:5000")
IMAGE = "score-app/score-app"
INSIDE = os.environ.get("E2E_INSIDE", "http://git.git.svc/score-app.git")
PULL = os.environ.get("E2E_IMAGE", f"{PUSH}/{IMAGE}")
RECORD = []


def run(*command, check=True, timeout=120, **more):
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=timeout, cwd=ROOT, check=False, **more
    )
    assert not check or done.returncode == 0, f"{command}: {done.stdout[-1500:]} {done.stderr[-1500:]}"
    return done


def is_there():
    """Tell whether KUBECONFIG points to a cluster."""
    return bool(shutil.which("kubectl")) and not run("kubectl", "get", "nodes", check=False, timeout=30).returncode


def kubectl(*args, check=True, timeout=120, **more):
    return run("kubectl", *args, check=check, timeout=timeout, **more).stdout


def get(*args):
    return json.loads(kubectl("get", *args, "-o", "json"))


def curl(url, *args, check=True):
    return run(*EXEC, "curl", "-s", "-S", "--max-time", "10", *args, url, check=check)


def ask(url, body, *args):
    return json.loads(curl(url, "-d", json.dumps(body), *args).stdout)


class Asking:
    """Callers at a constant rate within the cluster's network."""

    def __init__(self, url, rate, callers, every):
        command = ["loadtest.callers", f"{url}/score", "--rate", rate, "--callers", callers, "--every", every]
        self._process = subprocess.Popen(
            [*EXEC, sys.executable, "-m", *map(str, command)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            start_new_session=True,
        )

    def lines(self, how=signal.SIGTERM):
        """Let them finish, and return what they reported from time to time and at the end."""
        os.killpg(self._process.pid, how)
        output, _ = self._process.communicate(timeout=30)
        return list(map(json.loads, output.splitlines()))

    def stop(self):
        """Let them finish, and return what they say."""
        return self.lines()[-1]

    @property
    def over(self):
        return self._process.poll() is not None


@contextmanager
def asking(url, rate, callers, every=0):
    """Give callers who ask until they are stopped."""
    found = Asking(url, rate, callers, every)
    try:
        yield found
    finally:
        if not found.over:
            found.lines(signal.SIGKILL)


def record(name, times, outcome):
    """Say what became of requests, and leave it in build/reliability/cluster.json."""
    print(f"{name}: {outcome['lost']} of {outcome['requests']:,} lost, worst gap {outcome['worst_gap_ms']:.0f} ms")
    RECORD.append({"name": name, "times": times} | outcome)
    place = ROOT / "build" / "reliability"
    place.mkdir(parents=True, exist_ok=True)
    (place / "cluster.json").write_text(json.dumps(RECORD, indent=1))


def address(namespace):
    """Return the external address of an environment's Service."""

    def found():
        return get("service", "score-app", "-n", namespace)["status"]["loadBalancer"]["ingress"][0]["ip"]

    return f"http://{until(found, 'an external address')}:5000"


def pods(namespace):
    """Return the pods that are there to stay."""
    return [each for each in get("pods", "-n", namespace)["items"] if "deletionTimestamp" not in each["metadata"]]


def ready(namespace):
    """Return the names of the ready pods."""
    return sorted(
        each["metadata"]["name"] for each in pods(namespace)
        if any(c["type"] == "Ready" and c["status"] == "True" for c in each["status"].get("conditions", []))
    )  # fmt: skip


def rolled(namespace, seconds=150):
    kubectl("rollout", "status", "deployment/score-app", "-n", namespace, f"--timeout={seconds}s", timeout=seconds + 10)


def built(image, *more, tag="0.1.0"):
    """Build an image, push it, and return its digest; one at a time, as the builder leaves the digest in a file."""
    folder = ROOT / "build"
    folder.mkdir(exist_ok=True)
    with (folder / ".image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run("make", "image", "push", f"IMAGE={PUSH}/{image}", f"TAG={tag}", *more, timeout=900)
        found = re.search(r"sha256:[0-9a-f]{64}", (folder / "digest").read_text())
    assert found, image
    return found.group()


def small(tree, place, name, *components):
    """Copy the manifests, make another environment of dev's page with one pod, and return its folder."""
    shutil.copytree(tree, place)
    overlay = shutil.copytree(place / "overlays" / "dev", place / "overlays" / name)
    page = overlay / "kustomization.yaml"
    text = page.read_text().replace("mlops-dev", f"mlops-{name}").replace("env: dev", f"env: {name}")
    more = "".join(f"  - ../../components/{each}\n" for each in components)
    page.write_text(text.replace("count: 2", "count: 1").replace("components:\n", f"components:\n{more}"))
    return overlay

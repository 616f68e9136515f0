"""The repository, its Git server, Argo CD and the three environments, set up once."""

import io
import json
import os
import re
import shutil
import sys
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from tests.e2e.promotion.steps import DEPLOYMENT, GITOPS, PREFIX, RECORD, REMOTE, edit, space
from tests.helpers.cluster import FORWARD, INSIDE, PULL, ROOT, address, asking, get, kubectl, run
from tests.helpers.waiting import unless, until

TOKEN = "a-token-for-the-test"
PORTS = {"dev": 15081, "staging": 15082, "prod": 15083}
PROXY = Path(__file__).parents[1] / "asking_proxy.py"


@pytest.fixture(scope="session")
def private(digest):
    """Put a server that asks for a token in front of the cluster's Git server, and give its address there."""
    unless(GITOPS, "no GitOps controller: E2E_GITOPS names what brings one up")
    run(*GITOPS, "up", timeout=400)
    target = urlsplit(INSIDE)
    script = PROXY.read_text()
    labels = {"app": "private-git"}
    container = {
        "name": "git", "image": f"{PULL}@{digest}", "env": [{"name": "ACCESS", "value": f"git:{TOKEN}"}],
        "command": ["python", "-c", script, target.netloc, "8080"],
        "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
    }  # fmt: skip
    meta = {"name": "private-git", "namespace": "git", "labels": labels}
    objects = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container]}},
        {"apiVersion": "v1", "kind": "Service", "metadata": meta,
         "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}},
    ]  # fmt: skip
    kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    kubectl("wait", "pod/private-git", "-n", "git", "--for=condition=Ready", "--timeout=90s")
    yield f"http://private-git.git.svc{target.path}"
    kubectl("delete", "pod,service", "private-git", "-n", "git", "--now")


@pytest.fixture(scope="session")
def place(tree, digest, private):
    """Push the manifests to the cluster's own Git server, and let Argo CD sync them from the private one."""
    clone = tree.parent / "clone"
    shutil.copytree(tree, clone)
    # Thirty rollouts follow, of two or three pods one after the other.
    edit(clone, DEPLOYMENT, {"minReadySeconds: 5": "minReadySeconds: 1"})
    mine = ("--image", f"{PULL}:0.1.0@{digest}", "--repo", private, "--prefix", PREFIX)
    run(sys.executable, "-m", "gitops", "init", *mine, "--root", clone)
    for each in ("promotions", "model"):
        shutil.copytree(ROOT / each, clone / each, ignore=shutil.ignore_patterns("__pycache__"))
    declared = clone / "environments.yaml"
    declared.write_text(re.sub(r"soak: \w+", "soak: 0s", declared.read_text()))
    for ledger in (clone / "promotions").glob("*.jsonl"):
        ledger.unlink()
    for command in (
        ("init", "-q", "-b", "main"), ("config", "user.email", "e2e@example.org"), ("config", "user.name", "e2e"),
        ("add", "-A"), ("commit", "-q", "-m", "initial"), ("remote", "add", "origin", REMOTE),
        ("push", "-q", "origin", "main"),
    ):  # fmt: skip
        run("git", "-C", clone, *command)
    bootstrap = (sys.executable, "-m", "gitops", "bootstrap", "argocd", "--root", clone)
    refused = run(*bootstrap, check=False, timeout=120)
    assert refused.returncode == 1, refused.stdout
    assert re.search(r"error: dev: Argo CD says: .*(authentication|401)", refused.stderr), refused.stderr
    environ = os.environ | {"GIT_TOKEN": TOKEN}
    output = run(*bootstrap, "--token-from", "GIT_TOKEN", timeout=900, env=environ).stdout
    commit = run("git", "-C", clone, "rev-parse", "--short=12", "HEAD").stdout.strip()
    for environment in PORTS:
        assert f"{environment}: Argo CD has applied {commit}" in output
    yield clone
    draw()
    kubectl("delete", "-k", clone / "clusters" / "argocd", "--ignore-not-found", check=False)
    for environment in PORTS:
        kubectl("delete", "namespace", space(environment), "--ignore-not-found", timeout=180)


@pytest.fixture(scope="session")
def urls(place):
    """Open a way to each environment."""
    found = {}
    for environment, port in PORTS.items():
        name = space(environment)
        until(partial(get, "service", "score-app", "-n", name), f"{environment} is there", 180)
        found[environment] = address(name)
        if FORWARD:
            run(*FORWARD, port, found[environment].removeprefix("http://"))
            found[environment] = f"http://127.0.0.1:{port}"
    return found


def draw():
    """Leave what was typed and answered as a picture: build/promotion.svg."""
    console = Console(record=True, width=110, file=io.StringIO())
    first = next(place for place, entry in enumerate(RECORD) if " release " in entry)
    for entry in RECORD[first:]:
        command, _, answer = entry.partition("\n")
        console.print(command, style="bold", highlight=False)
        console.print(answer, highlight=False, markup=False)
    (ROOT / "build").mkdir(exist_ok=True)
    # Without the fonts that would be fetched from elsewhere.
    form = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    console.save_svg(str(ROOT / "build" / "promotion.svg"), title="score-app: dev, staging, prod", code_format=form)


@pytest.fixture(scope="session")
def load(place, urls):
    """Ask prod all the time."""
    until(lambda: get("deployment", "score-app", "-n", space("prod"))["status"]["availableReplicas"] >= 3, "prod", 240)
    with asking(address(space("prod")), rate=100, callers=4) as callers:
        yield callers

"""The rendered environments, and the tools that judge them."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import yaml
from click.testing import CliRunner

from gitops import environments
from gitops.cli.main import main
from gitops.render.kustomize import render
from tests.helpers.waiting import unless

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = tuple(environments.load(ROOT).names)
WORKFLOWS = Path(".github") / "workflows"
WORKFLOW = WORKFLOWS / "promote.yml"
VERSION = "1.37.0"
JUDGES = ROOT / "build" / "tools" / "judges" / "bin"
RENDERS = shutil.which("kustomize") or shutil.which("kubectl")


@cache
def rendered(path):
    return render(ROOT / path)


def gitops(tree, *args):
    """Run `python -m gitops` on a copy."""
    return CliRunner().invoke(main, [*args, "--root", str(tree)])


def tool(name):
    found = shutil.which(name, path=f"{JUDGES}:{ROOT / 'build' / 'bin'}:{os.environ['PATH']}")
    unless(found, f"{name} is not here: make tools")
    return found


def operator_schemas(folder):
    """Write the schemas of the Prometheus operator's kinds as kubeconform wants them."""
    crds = sorted((ROOT / "build" / "tools" / "operator").glob("*.yaml"))
    unless(crds, "the operator's kinds are not here: make tools")
    for page in crds:
        spec = yaml.safe_load(page.read_text())["spec"]
        kind, (version,) = spec["names"]["kind"].lower(), spec["versions"]
        (folder / f"{kind}_{version['name']}.json").write_text(json.dumps(version["schema"]["openAPIV3Schema"]))


def run(*command, **more):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, cwd=ROOT, **more)

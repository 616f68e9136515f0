"""The rendered environments, and a copy of the manifests to spoil."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from gitops.__main__ import main
from gitops.render import render
from tests.conftest import unless

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ("dev", "staging", "prod")
VERSION = "1.37.0"
JUDGES = ROOT / "build" / "tools" / "judges" / "bin"
RENDERS = shutil.which("kustomize") or shutil.which("kubectl")


@pytest.fixture(autouse=True)
def _renderer():
    unless(RENDERS, "neither kustomize nor kubectl is here")


@cache
def rendered(path):
    return render(ROOT / path)


@pytest.fixture
def tree(tmp_path):
    """Give a copy of everything that kubectl reads."""
    for each in ("base", "components", "overlays"):
        shutil.copytree(ROOT / each, tmp_path / each)
    shutil.copy(ROOT / "kustomization.yaml", tmp_path)
    return tmp_path


@pytest.fixture
def check(tree):
    """Return a function that runs `python -m gitops check` on the copy."""
    return lambda: CliRunner().invoke(main, ["check", "--root", str(tree)])


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

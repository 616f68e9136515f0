"""Prometheus itself, its test tool, and the rules of one environment as they are in the manifests."""

import shutil
import subprocess

import pytest
import yaml

from tests.conftest import unless
from tests.manifests.conftest import ROOT


def tool(name):
    found = shutil.which(name)
    unless(found, f"{name} is not here")
    return found


@pytest.fixture
def rules(tmp_path):
    """Write prod's groups as Prometheus reads them, and give the file."""
    page = yaml.safe_load((ROOT / "overlays" / "prod" / "alerts.yaml").read_text())
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(page["spec"]))
    return path


def promtool(*args):
    done = subprocess.run([tool("promtool"), *map(str, args)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout

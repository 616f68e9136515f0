"""Prometheus itself, its test tool, and the rules of one environment as they are in the manifests."""

import json
import shutil
import subprocess
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest
import yaml

from tests.api.conftest import fetch, free_port
from tests.conftest import unless, until
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


class Prometheus:
    """A server that is asked, by whatever can read its address."""

    def __init__(self, url, read):
        self.url, self.read = url, read

    def ask(self, query):
        return json.loads(self.read(f"{self.url}/api/v1/query?{urlencode({'query': query})}"))["data"]["result"]

    def value(self, query):
        found = self.ask(query)
        return float(found[0]["value"][1]) if found else None


@contextmanager
def watching(place, groups, jobs, every="1s", prefix=(), port=None, read=lambda url: fetch(url).body):
    """Start Prometheus with these rules and jobs, and give it once every target is scraped."""
    (place / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))
    often = {"scrape_interval": every, "evaluation_interval": every}
    page = {"global": often, "rule_files": [f"{place}/rules.yaml"], "scrape_configs": jobs}
    (place / "prometheus.yaml").write_text(yaml.safe_dump(page))
    listen = f"127.0.0.1:{port or free_port()}"
    process = subprocess.Popen(
        [*prefix, tool("prometheus"), f"--config.file={place}/prometheus.yaml", f"--storage.tsdb.path={place}/data",
         f"--web.listen-address={listen}", "--log.level=error"]
    )  # fmt: skip
    found = Prometheus(f"http://{listen}", read)
    targets = sum(len(each["targets"]) for job in jobs for each in job["static_configs"])
    try:
        until(lambda: len(found.ask("up == 1")) == targets, "Prometheus scrapes every target")
        yield found
    finally:
        process.terminate()
        process.wait(30)

"""python -m monitoring: write every environment's alerts and the dashboard into the manifests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import yaml

from monitoring.dashboard import dashboard
from monitoring.rules import groups
from monitoring.slo import Promise, promises

ROOT = Path(__file__).parents[1]
COMPONENT = Path("components") / "monitoring"


def files() -> Iterator[tuple[Path, str]]:
    """Give each file that is made here, with its content."""
    found = promises()
    yield COMPONENT / "monitor.yaml", monitor(found[0].release)
    for promise in found:
        yield Path("overlays") / promise.environment / "alerts.yaml", alerts(promise)
    yield COMPONENT / "model.json", dashboard()


def alerts(promise: Promise) -> str:
    """Return an environment's rules as the object that the Prometheus operator reads."""
    found = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "score-app", "labels": {"app": "score-app", "release": promise.release}},
        "spec": {"groups": groups(promise)},
    }
    return _made(found)


def monitor(release: str) -> str:
    """Return what names the pods' metrics to the operator."""
    endpoint = {"port": "admin", "path": "/metrics", "interval": "15s", "scrapeTimeout": "10s"}
    found = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {"name": "score-app", "labels": {"app": "score-app", "release": release}},
        "spec": {"selector": {"matchLabels": {"app": "score-app", "purpose": "metrics"}}, "endpoints": [endpoint]},
    }
    return _made(found)


def _made(found: dict[str, Any]) -> str:
    text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=1000)
    return f"# Made by python -m monitoring from monitoring/slo.yaml.\n{text}"


@click.command(epilog="Example: python -m monitoring")
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if what is there is stale.")
@click.option("--root", type=click.Path(path_type=Path, file_okay=False), default=ROOT, help="Where to write.")
def main(root: Path, *, check: bool) -> None:
    """Write every environment's alerts and the dashboard into the manifests."""
    made = dict(files())
    stale = [path for path, text in made.items() if not (root / path).exists() or (root / path).read_text() != text]
    if not check:
        for path in stale:
            (root / path).write_text(made[path])
    done = "stale" if check else "written"
    click.echo(f"{done}: {', '.join(map(str, stale))}" if stale else "nothing to do: it is there already")
    sys.exit(int(bool(stale)))


if __name__ == "__main__":
    main(prog_name="python -m monitoring")

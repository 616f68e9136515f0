"""The commands that write generated files: generate and render."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gitops.cli.options import CHECK, DETAILED, JSON, ROOT
from gitops.cli.output import ExitCode, finish, print_json, print_line, reporting


@click.command(epilog="Example: python -m gitops generate")
@CHECK
@JSON
@DETAILED
@ROOT
def generate(root: Path, *, only_check: bool, as_json: bool, detailed_exitcode: bool) -> None:
    """Write every generated file.

    They follow from environments.yaml and the overlays: clusters/, each environment's alerts.yaml, the dashboard, the
    choices of the promotion workflow, README's table of environments, and rendered/.
    """
    from gitops.generate import files

    with reporting():
        stale = files.stale(root) if only_check else files.generate(root)
    _report([str(path) for path in stale], only_check=only_check, as_json=as_json, detailed=detailed_exitcode)


@click.command(epilog="Example: python -m gitops render")
@CHECK
@JSON
@DETAILED
@ROOT
def render(root: Path, *, only_check: bool, as_json: bool, detailed_exitcode: bool) -> None:
    """Write only rendered/, one file for each environment."""
    from gitops.generate import files

    with reporting():
        stale = files.stale_renders(root) if only_check else files.write_renders(root)
    _report([str(path) for path in stale], only_check=only_check, as_json=as_json, detailed=detailed_exitcode)


def _report(paths: list[str], *, only_check: bool, as_json: bool, detailed: bool) -> None:
    if as_json:
        print_json({"stale" if only_check else "written": paths})
    elif paths:
        print_line(f"{'stale' if only_check else 'written'}: {', '.join(paths)}")
    else:
        click.echo("nothing to do: every file is current")
    if only_check and paths:
        sys.exit(ExitCode.FAILED)
    finish(changed=bool(paths), detailed=detailed)

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
    from gitops.generate import generated_files

    with reporting():
        stale = generated_files.stale(root) if only_check else generated_files.generate(root)
    _report([str(path) for path in stale], only_check=only_check, as_json=as_json, detailed=detailed_exitcode)


@click.command(epilog="Example: python -m gitops render prod")
@click.argument("environments", nargs=-1, metavar="[ENVIRONMENT]...")
@CHECK
@JSON
@DETAILED
@ROOT
def render(
    environments: tuple[str, ...], root: Path, *, only_check: bool, as_json: bool, detailed_exitcode: bool
) -> None:
    """Write only rendered/, which controllers sync.

    Without a name, that of every environment is written. The first environment is rendered from the working tree; each
    other one from its own overlay there, and from base and components as its release has them.
    """
    from gitops.generate import generated_files

    with reporting():
        stale = generated_files.render(root, environments, only_check=only_check)
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

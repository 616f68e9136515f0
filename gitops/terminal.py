"""What the commands share: where the repository is, how a fault is said, how a change is shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from gitops.difference import MISSING, Change
from gitops.errors import GitopsError

ROOT = click.option(
    "--root", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The repository (default: here)."
)


@contextmanager
def reporting() -> Iterator[None]:
    """Say what stops a command in one line, and end with a code above 1."""
    try:
        yield
    except (GitopsError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)


def show(found: list[Change], *, markdown: bool = False) -> None:
    """Print changes, coloured, or as a list for a pull request."""
    for each in found:
        color = "green" if each.before is MISSING else "red" if each.after is MISSING else "yellow"
        click.echo(f"- `{each}`" if markdown else click.style(str(each), fg=color))

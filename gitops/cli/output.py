"""How every command reports: exit codes, errors, changes, tables and JSON."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, NoReturn

import click

from gitops.errors import CheckFailedError, GitopsError
from gitops.escaping import code_span, visible
from gitops.render.diff import MISSING, Change


class ExitCode(IntEnum):
    """The exit codes of every command."""

    SUCCESS = 0
    """Done, or nothing to do."""
    FAILED = 1
    """A check failed."""
    REFUSED = 2
    """Wrong usage, or a refusal; nothing was changed."""
    CHANGED = 3
    """With --detailed-exitcode: success, and something was changed or differs."""


@contextmanager
def reporting() -> Iterator[None]:
    """Print what stops a command in one line, and exit with 2, or with 1 if a check failed."""
    try:
        yield
    except CheckFailedError as error:
        print_line(f"error: {error}", err=True)
        sys.exit(ExitCode.FAILED)
    except GitopsError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error))


def _refuse(reason: str) -> NoReturn:
    print_line(f"error: {reason}", err=True)
    sys.exit(ExitCode.REFUSED)


def print_line(text: str, *, err: bool = False) -> None:
    """Print a text literally and on one line: nothing in it acts on the terminal."""
    click.echo(visible(text), err=err)


def finish(*, changed: bool, detailed: bool) -> NoReturn:
    """Exit after success."""
    sys.exit(ExitCode.CHANGED if changed and detailed else ExitCode.SUCCESS)


def print_json(document: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(document, indent=2, default=str))


def print_changes(changes: list[Change], *, markdown: bool = False) -> None:
    """Print changes with colours, or as a Markdown list."""
    for each in changes:
        color = "green" if each.before is MISSING else "red" if each.after is MISSING else "yellow"
        click.echo(f"- {code_span(str(each))}" if markdown else click.style(visible(str(each)), fg=color))


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table without borders; every value is complete, also in a narrow terminal or a pipe."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in header:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(Text("\n".join(map(visible, cell.split("\n")))) for cell in row))
    # A pipe has no width: wrap only to a width that COLUMNS gives.
    terminal, text = sys.stdout is not None and sys.stdout.isatty(), io.StringIO()
    wide = not terminal and "COLUMNS" not in os.environ
    Console(file=text, force_terminal=terminal, width=10_000 if wide else None, highlight=False).print(table)
    for line in text.getvalue().splitlines():
        click.echo(line.rstrip())
